/** What a pass of a check that makes a load rests on, and which fields of its history decide nothing. */
import type { HistoryHeader } from '../../../reports/record/history/history.ts';
import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';

/** The load and its planned seconds without the last, in which nothing may have ended; the load's sums show whether one is missing. */
function loadEvidence({ settings }: HistoryHeader): AnyNeed[] {
  const { seconds = 1 } = settings.steady ?? {};
  return [
    need('load-start', { what: 'the start of the load' }),
    need('load', { what: 'the result of the load' }),
    need('load-second', { count: Math.max(1, seconds - 1), what: 'seconds of the load' }),
  ];
}

export const ofLoad = (judge: CheckJudge['judge']): CheckJudge => ({
  judge,
  evidence: loadEvidence,
});
