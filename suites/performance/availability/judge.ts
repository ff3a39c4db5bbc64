import type { CheckJudge } from '../../../reports/judge/definition.ts';
import {
  clusterFigures,
  clustersText,
  conclude,
  courseRule,
  moreText,
  rounded,
  unknownText,
} from '../_judge/conclude.ts';
import type { Decided } from '../_judge/conclude.ts';
import { ofLoad } from '../_judge/evidence.ts';
import { observedSteady } from '../../../reports/judge/performance/loads.ts';
import { sampleOfLoad } from '../_judge/slo/answers.ts';
import { percent } from '../../../reports/judge/slo/percent.ts';
import { decideShare } from '../../../reports/judge/slo/share.ts';
import type { Sample, ShareDecision } from '../../../reports/judge/slo/share.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';

/** `performance/{api,ai}/availability`: the share of good answers under a load against the goal `availabilityRatio`. */
function judgeAvailability(subject: 'API' | 'AI'): (history: History) => Judgement {
  return (history) => {
    const observed = observedSteady(history, subject === 'AI' ? 'draft' : 'steady');
    const goal = history.header.goals.availabilityRatio ?? Number.NaN;
    const sample = observed.result === null ? NOTHING : sampleOfLoad(observed.result);
    const decision = decideShare(sample, Number.isNaN(goal) ? 1 : goal);
    return conclude(observed, {
      ...described(decision, { ...sample, goal, subject }),
      gaps: Number.isNaN(goal) ? ['the history states no goal availabilityRatio'] : [],
      failureStands: true,
      course: courseRule(observed, history.header.goals.stallSeconds),
    });
  };
}

const NOTHING: Required<Sample> = { count: 0, failed: 0, unknown: 0, tallies: [] };

interface Asked extends Required<Sample> {
  goal: number;
  subject: string;
}

function described(
  decision: ShareDecision,
  { goal, subject, count, failed, unknown }: Asked,
): Omit<Decided, 'gaps' | 'failureStands'> {
  const { verdict, ratio, lower, upper } = decision;
  const seen = seenText(decision, count, failed);
  const known = (share: number | null): number | null =>
    share === null || count === 0 ? null : whole(share);
  // A goal of 1 allows no failure, so it has no budget.
  const left = (bad: number): number => 1 - bad / (count + unknown) / (1 - goal);
  const budget = count > 0 && goal < 1 ? { best: left(failed), worst: left(failed + unknown) } : null;
  return {
    verdict,
    reason: verdict === 'inconclusive' ? openText(decision, seen, goal) : seen,
    expected: `at least ${percent(goal)} of the requests to ${subject} answered well`,
    seen,
    figures: [
      {
        name: 'requests answered well',
        value: known(ratio),
        unit: '%',
        goal: goal * 100,
      },
      { name: 'share of good answers, lower 95 % bound', value: whole(lower), unit: '%', goal: goal * 100 },
      { name: 'share of good answers, upper 95 % bound', value: whole(upper), unit: '%' },
      { name: 'requests', value: count },
      { name: 'failed requests', value: failed },
      ...clusterFigures(decision, 'failures'),
    ],
    goal: {
      objective: `${subject} availability`,
      target: `${percent(goal)} of requests`,
      verdict,
      achieved: known(ratio),
      lower: known(lower),
      upper: known(upper),
      unit: '%',
      samples: count,
      sampleKind: 'requests',
      coverage: null,
      remaining: budget,
      window: 'the load',
      note: '',
    },
  };
}

function seenText({ clustering }: ShareDecision, count: number, failed: number): string {
  if (count === 0) return 'no request';
  const share = failed === 0 ? '' : ` (${percent(failed / count)})`;
  const { designEffect } = clustering;
  const together = designEffect >= 2 ? `, about ${rounded(designEffect)} at a time` : '';
  return `${failed} of ${count} requests failed${share}${together}`;
}

function openText(decision: ShareDecision, seen: string, goal: number): string {
  const { lower, upper, samplesToDecide } = decision;
  const between = `with 95 % certainty between ${percent(lower)} and ${percent(upper)} are answered well, and the goal of ${percent(goal)} lies between them`;
  return `${seen}${clustersText(decision, 'failures')}: ${between}${unknownText(decision)}${moreText(samplesToDecide)}`;
}

const whole = (share: number): number => Number((share * 100).toFixed(5));

export const judgeOf = (subject: 'API' | 'AI'): CheckJudge => ofLoad(judgeAvailability(subject));
