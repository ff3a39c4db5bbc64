/** What a pass of a check that makes a load rests on, and which fields of its history decide nothing. */
import type { HistoryHeader } from '../../record/history/history.ts';
import type { Annotations } from '../annotations.ts';
import type { CheckJudge } from '../definition.ts';
import { need } from '../evidence/need.ts';
import type { AnyNeed } from '../evidence/need.ts';
import { UNASKED_SECONDS } from './whole-load.ts';

/** Fields of a load on which no verdict rests. */
export const LOAD_ANNOTATIONS: Annotations = {
  'load-start.passedOver': 'why another engine was not used: the engine that ran is judged by what it sent',
  'load.engineVersion': 'name of the program, shown only',
  'load.checks[].name':
    'name of the check, shown only: its passes and fails are judged; those of refused requests have names of their own',
  'load.errors': 'explanation of failures, shown only: the checks have counted them',
};

/** The load and its planned seconds, without the last ones, which not every engine reports; the load's sums show whether one is missing. */
function loadEvidence({ settings }: HistoryHeader): AnyNeed[] {
  const { seconds = 1 } = settings.steady ?? {};
  return [
    need('load-start', { what: 'the start of the load' }),
    need('load', { what: 'the result of the load' }),
    need('load-second', { count: Math.max(1, seconds - UNASKED_SECONDS), what: 'seconds of the load' }),
  ];
}

export const ofLoad = (judge: CheckJudge['judge']): CheckJudge => ({
  judge,
  evidence: loadEvidence,
  annotations: LOAD_ANNOTATIONS,
});
