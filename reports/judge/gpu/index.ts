/** Judges of the GPU suite: pure functions from a history to a judgement, by check id. */
import type { CheckJudge } from '../definition.ts';
import { undeclared } from '../definition.ts';
import { judgeExclusive, judgeExhausted, judgeSchedule } from './giving.ts';
import { judgeMetrics } from './metrics.ts';
import { judgeAllocatable, judgeTaint } from './offers.ts';
import { judgeRelease } from './release.ts';

export const GPU_JUDGES: Readonly<Record<string, CheckJudge>> = {
  'gpu/allocatable': undeclared(judgeAllocatable),
  'gpu/schedule': undeclared(judgeSchedule),
  'gpu/taint': undeclared(judgeTaint),
  'gpu/exclusive': undeclared(judgeExclusive),
  'gpu/exhausted': undeclared(judgeExhausted),
  'gpu/release': undeclared(judgeRelease),
  'gpu/metrics': undeclared(judgeMetrics),
};
