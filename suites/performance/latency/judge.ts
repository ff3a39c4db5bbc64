import type { CheckJudge } from '../../../reports/judge/definition.ts';
import {
  clusterFigures,
  clustersText,
  conclude,
  moreText,
  rounded,
  unknownText,
} from '../_judge/conclude.ts';
import type { Decided } from '../_judge/conclude.ts';
import { ofLoad } from '../_judge/evidence.ts';
import { observedSteady } from '../../../reports/judge/performance/loads.ts';
import { sentLatencies, timesOfLoad } from '../_judge/slo/answers.ts';
import { decideHistogram } from '../../../reports/judge/slo/histogram.ts';
import { decideLatency } from '../_judge/slo/latency.ts';
import type { LatencyDecision } from '../_judge/slo/latency.ts';
import type { Load } from '../../../reports/judge/slo/load.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';

const QUANTILE = 0.95;

/** `performance/{api,ai}/latency`: the p95 of a load, from the intended start of each request where the engine tells it, against `p95Ms`. */
function judgeLatency(subject: 'API' | 'AI'): (history: History) => Judgement {
  return (history) => {
    const observed = observedSteady(history, subject === 'AI' ? 'draft' : 'steady');
    const { result } = observed;
    const goalMs = history.header.goals.p95Ms ?? Number.NaN;
    const goal = { quantile: QUANTILE, ms: goalMs };
    const decision = decideLatency(result === null ? [] : timesOfLoad(result), goal);
    const gaps = Number.isNaN(goalMs) ? ['the history states no goal p95Ms'] : [];
    return conclude(observed, {
      ...described(decision, { goalMs, subject, from: result?.latencyFrom ?? 'intended' }),
      gaps,
      failureStands: slowByItself(result, goalMs) && gaps.length === 0,
    });
  };
}

/**
 * Whether the p95 also fails when measured from the sending. If the load was not delivered, the generator may have been late, and latencies
 * from the intended start include that.
 */
function slowByItself(result: Load | null, goalMs: number): boolean {
  const sent = result === null ? [] : sentLatencies(result);
  return decideHistogram(sent, QUANTILE, goalMs).verdict === 'fail';
}

interface Asked {
  goalMs: number;
  subject: string;
  from: Load['latencyFrom'];
}

/** From when latency counts. Counted from the sending and not from the due time, a slow service that delays the generator looks faster. */
const FROM = {
  intended: 'measured from the intended start',
  sent: 'measured from when each request was sent, without any wait before that: the engine reports no intended start',
} as const;

function described(
  decision: LatencyDecision,
  { goalMs, subject, from }: Asked,
): Omit<Decided, 'gaps' | 'failureStands'> {
  const { byRank, slow, slowShare, clustered, verdict } = decision;
  const { valueMs, lowerMs, upperMs, samples } = byRank;
  const value = orNull(valueMs);
  const bounds = `p95 between ${shown(lowerMs)} and ${shown(upperMs)} ms (one-sided 95 % each)`;
  const sent = from === 'sent' ? ', measured from sending' : '';
  const seen =
    samples === 0 ? 'no answer' : `p95 ${shown(valueMs)} ms of ${samples} requests${sent}; ${bounds}`;
  const open = `${seen}${clustersText(clustered, 'slow requests')}: the goal of ${goalMs} ms is neither met nor missed with 95 % certainty${unknownText(decision)}${moreText(decision.samplesToDecide)}`;
  const left = (share: number): number => 1 - share / (1 - QUANTILE);
  return {
    verdict,
    reason: verdict === 'inconclusive' ? open : seen,
    expected: `p95 of ${subject} at most ${goalMs} ms, ${FROM[from]}`,
    seen,
    figures: [
      { name: 'p95', value, unit: 'ms', goal: goalMs },
      { name: 'p95, lower 95 % bound', value: orNull(lowerMs), unit: 'ms' },
      { name: 'p95, upper 95 % bound', value: orNull(upperMs), unit: 'ms', goal: goalMs },
      { name: 'requests', value: samples },
      { name: 'requests that failed or were slower than the goal', value: slow },
      ...clusterFigures(clustered, 'slow requests'),
    ],
    goal: {
      objective: `${subject} latency`,
      target: `p95 ≤ ${goalMs} ms${sent}`,
      verdict,
      achieved: value,
      lower: orNull(lowerMs),
      upper: orNull(upperMs),
      unit: 'ms',
      samples,
      sampleKind: 'requests',
      coverage: null,
      remaining: samples === 0 ? null : { best: left(slowShare.best), worst: left(slowShare.worst) },
      window: 'the load',
      note: '',
    },
  };
}

const orNull = (value: number | null): number | null =>
  value === null || value === Infinity ? null : rounded(value);

/** Failures are infinitely slow. */
function shown(value: number | null): string {
  if (value === null) return '?';
  return value === Infinity ? 'infinitely many' : String(rounded(value));
}

export const judgeOf = (subject: 'API' | 'AI'): CheckJudge => ofLoad(judgeLatency(subject));
