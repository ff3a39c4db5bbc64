import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { conclude, courseRule, rounded } from '../_judge/conclude.ts';
import { ofLoad } from '../_judge/evidence.ts';
import { observedSteady } from '../../../reports/judge/performance/loads.ts';
import { decideThroughput } from '../_judge/slo/throughput.ts';
import type { ThroughputDecision } from '../_judge/slo/throughput.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';

/** `performance/{api,ai}/throughput`: good answers a second against the goal `requestsPerSecond`, of a load that offered more. */
function judgeThroughput(subject: 'API' | 'AI'): (history: History) => Judgement {
  return (history) => {
    const observed = observedSteady(history, subject === 'AI' ? 'draft' : 'steady');
    const goal = history.header.goals.requestsPerSecond ?? Number.NaN;
    const decision = observed.result === null ? NOTHING : decideThroughput(observed.result, goal);
    const { verdict, perSecond, lower, upper, offeredPerSecond } = decision;
    const offered = offeredPerSecond === null ? 'closed model' : `${rounded(offeredPerSecond)} offered`;
    const seen =
      perSecond === null ? 'no answer' : `${rounded(perSecond)} good answers a second (${offered})`;
    const samples = observed.result?.requests.count ?? 0;
    return conclude(observed, {
      verdict,
      reason: decision.open === '' ? seen : decision.open,
      expected: `at least ${goal} good answers a second of ${subject}`,
      seen,
      figures: [
        { name: 'good answers a second', value: orNull(perSecond), unit: '/s', goal },
        { name: 'good answers a second, lower 95 % bound', value: orNull(lower), unit: '/s', goal },
        { name: 'requests offered a second', value: orNull(offeredPerSecond), unit: '/s' },
        { name: 'requests', value: samples },
      ],
      goal: {
        objective: `${subject} throughput`,
        target: `≥ ${goal} a second`,
        verdict,
        achieved: orNull(perSecond),
        lower: orNull(lower),
        upper: orNull(upper),
        unit: '/s',
        samples,
        sampleKind: 'requests',
        coverage: null,
        remaining: null,
        window: 'the load',
        note: '',
      },
      gaps: Number.isNaN(goal) ? ['the history states no goal requestsPerSecond'] : [],
      // A rate that was not offered cannot be missed.
      failureStands: false,
      course: courseRule(observed, history.header.goals.stallSeconds),
    });
  };
}

const NOTHING: ThroughputDecision = {
  verdict: 'inconclusive',
  perSecond: null,
  lower: null,
  upper: null,
  offeredPerSecond: null,
  open: 'no load was recorded',
};

const orNull = (value: number | null): number | null => (value === null ? null : rounded(value));

export const judgeOf = (subject: 'API' | 'AI'): CheckJudge => ofLoad(judgeThroughput(subject));
