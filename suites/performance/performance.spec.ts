/** The goals: latency, availability and throughput of the API and of the AI service under a known load, and the error budgets that are left. */
import { check } from '../harness/check.ts';
import { readBudgets } from './budget.ts';
import { draftLoad, steadyLoad } from './steady.ts';

check('performance/api/latency', steadyLoad);
check('performance/api/availability', steadyLoad);
check('performance/api/throughput', steadyLoad);
check('performance/ai/latency', draftLoad);
check('performance/ai/availability', draftLoad);
check('performance/ai/throughput', draftLoad);
check('performance/budget', readBudgets);
