import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { goalNumber } from '../topology/findings.ts';
import { chainOf, why } from './chain.ts';
import type { Chain, Context, Goals } from './chain.ts';
import { conclude, secondsOf } from './conclude.ts';
import type { Found, Mark } from './conclude.ts';
import { observe } from './observed.ts';
import type { Observed } from './observed.ts';
import { expectedOf, outside } from './settings.ts';
import type { Expected } from './settings.ts';
import { verdictOf } from './up-verdict.ts';

/**
 * `scaling/backend/up`: load starts → metric crossed → more pods desired → they are ready → the latency goal is met again. The goals count from
 * when the load was at its full rate: while it rises nobody can say when it began to be too much.
 */
export function judgeUp(history: History): Judgement {
  const observed = observe(history);
  const goals: Goals = {
    decisionS: goalNumber(history, 'decisionSeconds', 60),
    readyS: goalNumber(history, 'readySeconds', 90),
    latencyS: goalNumber(history, 'latencySeconds', 120),
    p95Ms: goalNumber(history, 'p95Ms', 500),
  };
  const { spec, startMs, topMs } = observed;
  const expectedText = `a decision within ${goals.decisionS} s of the full load, pods ready within ${goals.readyS} s, every further wish met, p95 ≤ ${goals.p95Ms} ms again within ${goals.latencyS} s`;
  const missing = missingOf(observed);
  if (spec === null || startMs === null || topMs === null || missing.length > 0)
    return conclude(observed, { ...nothing(expectedText), gaps: missing });
  const chain = chainOf(observed, startMs, goals.p95Ms);
  const expected = expectedOf(history, spec, { rampMs: topMs - startMs, pods: 0 });
  const context = { observed, spec, startMs, topMs, goals, chain };
  return conclude(observed, {
    ...verdictOf(context),
    expected: expectedText,
    marks: marksOf(chain, expected),
    figures: figuresOf(context),
    derivation: expected.derivation,
  });
}

function nothing(expected: string): Found {
  return { failures: [], gaps: [], pass: '', expected, figures: [], marks: [], derivation: '' };
}

/** What has to be there before anything can be said. */
function missingOf({ hpa, spec, startMs, endMs }: Observed): string[] {
  const gaps: string[] = [];
  if (startMs === null) gaps.push('no load was started');
  if (spec === null) gaps.push('the settings of the autoscaler were not read');
  const during = hpa.filter(({ t }) => t >= (startMs ?? 0) && t <= (endMs ?? Infinity));
  if (during.length === 0) gaps.push('the autoscaler was not observed during the load');
  else if (during.every((one) => one.load === null))
    gaps.push(`the autoscaler has no metric: ${why(during)}`);
  return gaps;
}

function marksOf(chain: Chain, expected: Expected): Mark[] {
  const mark = (name: string, atMs: number | null, window: Mark['expected']): Mark => ({
    name,
    atMs,
    expected: window,
    outside: outside(atMs, window),
  });
  return [
    mark('metric crossed', chain.crossedMs, expected.crossed),
    mark('more pods desired', chain.decidedMs, expected.decided),
    mark('pods ready', chain.readyMs, null),
    mark('latency goal met again', chain.latencyWorst.metFromMs, null),
  ];
}

function figuresOf({ chain, goals, observed, spec, startMs, topMs }: Context): Found['figures'] {
  const s = (ms: number | null): number | null => (ms === null ? null : secondsOf(ms));
  const peak = Math.max(0, ...observed.hpa.filter(({ t }) => t >= startMs).map(({ desired }) => desired));
  const { result } = observed.load;
  return [
    { name: 'the load was at its full rate after', value: s(topMs - startMs), unit: 's' },
    { name: 'metric crossed after', value: s(chain.crossedMs), unit: 's' },
    { name: 'more pods desired after', value: s(chain.decidedMs), unit: 's', goal: goals.decisionS },
    { name: 'new pods ready after', value: s(chain.readyMs), unit: 's', goal: goals.readyS },
    {
      name: 'latency goal met again after',
      value: s(chain.latencyWorst.metFromMs),
      unit: 's',
      goal: goals.latencyS,
    },
    {
      name: 'raises that were met',
      value: `${chain.raises.filter(({ metMs }) => metMs !== null).length} of ${chain.raises.length}`,
    },
    { name: 'most pods desired', value: peak, goal: `≤ ${spec.max}` },
    { name: 'failed requests', value: result === null ? null : result.requests.failed },
  ];
}
