/** Judges of the performance suite: latency, availability and throughput of a load, and the error budgets from Prometheus. */
import type { CheckJudge } from '../definition.ts';
import { undeclared } from '../definition.ts';
import { judgeAvailability } from './availability.ts';
import { judgeBudget } from './budget.ts';
import { judgeLatency } from './latency.ts';
import { judgeThroughput } from './throughput.ts';

export const PERFORMANCE_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'performance/api/latency': undeclared(judgeLatency('API')),
  'performance/api/availability': undeclared(judgeAvailability('API')),
  'performance/api/throughput': undeclared(judgeThroughput('API')),
  'performance/ai/latency': undeclared(judgeLatency('AI')),
  'performance/ai/availability': undeclared(judgeAvailability('AI')),
  'performance/ai/throughput': undeclared(judgeThroughput('AI')),
  'performance/budget': undeclared(judgeBudget),
};
