import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { creditOf } from '../../_judge/answered.ts';
import { watched } from '../../_judge/evidence.ts';
import { observe } from '../../_judge/observed.ts';
import { goalsOf, judgeGrowth } from '../../_judge/up.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/**
 * `scaling/backend/up`: load starts → metric crossed → more pods desired → they are ready → the latency goal is met again. The goals count from
 * when the load was at its full rate: while it rises nobody can say when it began to be too much.
 */
function judgeUp(history: History): Judgement {
  const latency = {
    limitS: history.header.goals.latencySeconds ?? Number.NaN,
    p95Ms: history.header.goals.p95Ms ?? Number.NaN,
  };
  const observed = observe(history);
  return judgeGrowth(history, observed, { ...goalsOf(history), latency }, creditOf(history, observed));
}

export const judge: CheckJudge = { judge: judgeUp, evidence: watched };
