import type { LoadResult } from '../../../../reports/record/details/load-result.ts';

export type Outcome = Pick<LoadResult, 'outcome' | 'reason'>;

export const INTERRUPTED: Outcome = { outcome: 'interrupted', reason: 'interrupted from outside' };
/** The load was stopped after it had begun, because the caller had enough data (`ENOUGH`). */
export const PLANNED: Outcome = { outcome: 'completed', reason: '' };
/** Outcomes of a load that was asked to stop. A later failure overrules them. */
export const STOPPED: ReadonlySet<unknown> = new Set([INTERRUPTED.outcome, PLANNED.outcome]);
