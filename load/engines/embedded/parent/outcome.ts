import type { LoadResult } from '../../../../reports/record/details/load-result.ts';

export type Outcome = Pick<LoadResult, 'outcome' | 'reason'>;

export const INTERRUPTED: Outcome = { outcome: 'interrupted', reason: 'interrupted from outside' };
/** It was told to stop after it had begun, by whoever had seen enough. */
export const PLANNED: Outcome = { outcome: 'completed', reason: '' };
/** How a load ends that was told to; one that fails on the way has failed. */
export const STOPPED: ReadonlySet<unknown> = new Set([INTERRUPTED.outcome, PLANNED.outcome]);
