import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { watched } from '../../_judge/evidence.ts';
import { observe } from '../../_judge/observed.ts';
import { goalsOf, judgeGrowth } from '../../_judge/up.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

/**
 * `scaling/ai/up`: tenders are created → its queue is deeper than the target → more pods desired → they are ready. The goals count from the
 * first tender: the time in which the queue fills is part of them. A client that creates a tender does not wait for its job, so there is no
 * goal for latency.
 */
function judgeAiUp(history: History): Judgement {
  const observed = observe(history, 'AI service');
  return judgeGrowth(history, observed, { ...goalsOf(history), latency: null });
}

export const judge: CheckJudge = {
  judge: judgeAiUp,
  evidence: watched,
};
