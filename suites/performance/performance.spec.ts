/** The goals: latency, availability and throughput of the API under a known load, and the error budgets that are left. */
import { check } from '../harness/check.ts';
import { readBudgets } from './budget.ts';
import { steadyLoad } from './steady.ts';

check('performance/api/latency', steadyLoad);
check('performance/api/availability', steadyLoad);
check('performance/api/throughput', steadyLoad);
check('performance/budget', readBudgets);
