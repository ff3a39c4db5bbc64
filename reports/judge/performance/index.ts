/** Judges of the performance suite: latency, availability and throughput of a load, and the error budgets from Prometheus. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { judgeAvailability } from './availability.ts';
import { judgeBudget } from './budget.ts';
import { judgeLatency } from './latency.ts';
import { judgeThroughput } from './throughput.ts';

export const PERFORMANCE_JUDGES: Readonly<Record<string, (history: History) => Judgement>> = {
  'performance/api/latency': judgeLatency('API'),
  'performance/api/availability': judgeAvailability('API'),
  'performance/api/throughput': judgeThroughput('API'),
  'performance/ai/latency': judgeLatency('AI'),
  'performance/ai/availability': judgeAvailability('AI'),
  'performance/ai/throughput': judgeThroughput('AI'),
  'performance/budget': judgeBudget,
};
