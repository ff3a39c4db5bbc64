import type { Judgement } from '../../reports/record/judgement.ts';
import type { StepRecord } from '../../suites/harness/protocol.ts';

/** What a run knows about one check, whatever became of it. */
export interface Outcome {
  judgement: Judgement;
  steps: StepRecord[];
  startedAt: string | null;
  durationMs: number;
  apiCalls: number;
  /** Relative to the run folder; null when nothing was recorded. */
  history: string | null;
}

/** A judgement that comes from no history: the check was not run, or could not be. */
export function bareJudgement(
  verdict: 'not-run' | 'inconclusive' | 'fail',
  reason: string,
  seen = 'nothing',
): Judgement {
  return { verdict, reason, expected: '', seen, figures: [], findings: [], findingsTotal: 0, evidence: [] };
}

export function bareOutcome(
  verdict: 'not-run' | 'inconclusive' | 'fail',
  reason: string,
  seen?: string,
): Outcome {
  return {
    judgement: bareJudgement(verdict, reason, seen),
    steps: [],
    startedAt: null,
    durationMs: 0,
    apiCalls: 0,
    history: null,
  };
}
