import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import type { Buckets, LoadResult } from '../../record/load-result.ts';
import { decideHistogram } from '../slo/histogram.ts';
import { decideLatency } from '../slo/latency.ts';
import type { LatencyDecision } from '../slo/latency.ts';
import { goalNumber } from '../topology/findings.ts';
import { clusterFigures, conclude, moreText, rounded } from './conclude.ts';
import type { Decided } from './conclude.ts';
import { latenciesOf, observedLoad, sentLatencies } from './loads.ts';

const QUANTILE = 0.95;

/** `performance/{api,ai}/latency`: the p95 of a load, from the intended start of each request, against the goal `p95Ms`. */
export function judgeLatency(subject: string): (history: History) => Judgement {
  return (history) => {
    const observed = observedLoad(history);
    const goalMs = goalNumber(history, 'p95Ms', Number.NaN);
    const buckets = observed.result === null ? [] : latenciesOf(observed.result);
    const decision = decideLatency(buckets, observed.result?.seconds ?? [], {
      quantile: QUANTILE,
      ms: goalMs,
    });
    const gaps = gapsOf(goalMs, observed.result);
    return conclude(observed, {
      ...described(decision, goalMs, subject),
      gaps,
      failureStands: slowByItself(observed.result, goalMs) && gaps.length === 0,
    });
  };
}

function gapsOf(goalMs: number, result: LoadResult | null): string[] {
  if (Number.isNaN(goalMs)) return ['the history states no goal p95Ms'];
  if (result === null || result.requests.count === 0) return [];
  const share = result.requests.failed / result.requests.count;
  // Those that fail fast would be in the fast part, and the quantile of the answers could be anything.
  return share > 1 - QUANTILE
    ? [`${rounded(share * 100)} % of the requests failed: a p95 of what is left says nothing of the service`]
    : [];
}

/**
 * Whether it is too slow also when measured from the sending. Where the load was not delivered, the generator itself may have been late,
 * and what is measured from the intended start has that in it.
 */
function slowByItself(result: LoadResult | null, goalMs: number): boolean {
  const sent: Buckets = result === null ? [] : (sentLatencies(result) ?? []);
  return decideHistogram(sent, QUANTILE, goalMs).verdict === 'fail';
}

function described(
  decision: LatencyDecision,
  goalMs: number,
  subject: string,
): Omit<Decided, 'gaps' | 'failureStands'> {
  const { byRank, slow, clustered, verdict } = decision;
  const { valueMs, lowerMs, upperMs, samples } = byRank;
  const value = valueMs === null ? null : rounded(valueMs);
  const bounds = `p95 between ${shown(lowerMs)} and ${shown(upperMs)} ms (one-sided 95 % each)`;
  const seen = samples === 0 ? 'no answer' : `p95 ${shown(valueMs)} ms of ${samples} requests; ${bounds}`;
  const open = `${seen}: the goal of ${goalMs} ms is neither met nor missed with 95 % certainty${moreText(decision.samplesToDecide)}`;
  const spent = samples === 0 ? null : 1 - slow / samples / (1 - QUANTILE);
  return {
    verdict,
    reason: verdict === 'inconclusive' ? open : seen,
    expected: `p95 of ${subject} at most ${goalMs} ms, measured from the intended start`,
    seen,
    figures: [
      { name: 'p95', value, unit: 'ms', goal: goalMs },
      { name: 'p95, lower 95 % bound', value: orNull(lowerMs), unit: 'ms' },
      { name: 'p95, upper 95 % bound', value: orNull(upperMs), unit: 'ms', goal: goalMs },
      { name: 'requests', value: samples },
      { name: 'requests slower than the goal', value: slow },
      ...clusterFigures(clustered, 'slow requests'),
    ],
    goal: {
      objective: `${subject} latency`,
      target: `p95 ≤ ${goalMs} ms`,
      verdict,
      achieved: value,
      lower: orNull(lowerMs),
      upper: orNull(upperMs),
      unit: 'ms',
      samples,
      sampleKind: 'requests',
      coverage: null,
      remaining: spent === null ? null : { best: spent, worst: spent },
      window: 'the load',
      note: '',
    },
  };
}

const orNull = (value: number | null): number | null => (value === null ? null : rounded(value));
const shown = (value: number | null): string => (value === null ? '?' : String(rounded(value)));
