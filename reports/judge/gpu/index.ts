/** Judges of the GPU suite: pure functions from a history to a judgement, by check id. */
import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { judgeExclusive, judgeExhausted, judgeSchedule } from './giving.ts';
import { judgeMetrics } from './metrics.ts';
import { judgeAllocatable, judgeTaint } from './offers.ts';
import { judgeRelease } from './release.ts';

export const GPU_JUDGES: Readonly<Record<string, (history: History) => Judgement>> = {
  'gpu/allocatable': judgeAllocatable,
  'gpu/schedule': judgeSchedule,
  'gpu/taint': judgeTaint,
  'gpu/exclusive': judgeExclusive,
  'gpu/exhausted': judgeExhausted,
  'gpu/release': judgeRelease,
  'gpu/metrics': judgeMetrics,
};
