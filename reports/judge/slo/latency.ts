/** The one way in which judges decide on a quantile of times: failures are infinitely slow, what nobody knows is held both ways. */
import type { Buckets } from '../../record/details/load-result.ts';
import type { Verdict } from '../../record/verdict.ts';
import { countAbove, countOf, decideHistogram, merged } from './histogram.ts';
import type { HistogramDecision } from './histogram.ts';
import { bothWays, decideShare } from './share.ts';
import type { ShareDecision } from './share.ts';

/** Times of a stretch, or of all. */
export interface Times {
  /** Of everything that ended, well or not. */
  latency: Buckets;
  /** Of these, how many failed: which of the times are theirs nobody says. */
  failed: number;
  /** Of these, how many may have failed or not. */
  unchecked: number;
  /** Beside these, how many were never begun or never ended. */
  dropped: number;
}

export interface TimesAt extends Times {
  atMs: number;
}

export interface QuantileGoal {
  quantile: number;
  ms: number;
}

export interface LatencyDecision {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  /**
   * Bounds by rank, of requests as if they were independent. The value is that of what ended, with failures as infinitely slow; the bounds hold
   * whatever became of the rest.
   */
  byRank: HistogramDecision;
  /** Requests that took longer than the goal, or failed. */
  slow: number;
  /** The same question asked of the share of requests within the goal, with clusters of slow ones counted as what they are. */
  clustered: ShareDecision;
  /** Requests in all that would decide; null when decided, or when none would. */
  samplesToDecide: number | null;
  /** Requests that were counted both ways. */
  unknown: number;
}

/**
 * Holds a quantile of latency against a goal in ms. "p95 ≤ 500 ms" says the same as "95 % of requests are answered, well and within 500 ms"; slow
 * requests come in clusters as failures do. So the bounds by rank and the bounds of that share, with its clusters (share.ts), both have to agree.
 *
 * A failure is infinitely slow. Whether its own time was one of the short or of the long ones is not known, and matters: so the goal is met
 * only if it is met though the failures had the shortest times, and missed only if it is missed though they had the longest.
 * @param seconds times in their order; one without a time of its own counts as one event
 */
export function decideLatency(seconds: readonly TimesAt[], goal: QuantileGoal): LatencyDecision {
  const ended = seconds.map((one) => ({ ...one, unchecked: 0, dropped: 0 }));
  const seen = decided(ended.map(atWorst), goal);
  const best = decided(seconds.map(atBest), goal);
  const worst = decided(seconds.map(atWorst), goal);
  const { upperMs } = worst.byRank;
  return {
    ...seen,
    ...bothWays(best, worst),
    byRank: { ...seen.byRank, lowerMs: best.byRank.lowerMs, upperMs: finite(upperMs) },
    unknown: seconds.reduce((sum, one) => sum + one.unchecked + one.dropped, 0),
  };
}

const finite = (ms: number | null): number | null => (ms !== null && Number.isFinite(ms) ? ms : null);

interface Placed {
  atMs: number;
  latency: Buckets;
}

/** As if failures, and what may be one, had had the shortest times, and what was dropped had never been answered. */
function atWorst({ atMs, latency, failed, unchecked, dropped }: TimesAt): Placed {
  const bad = failed + unchecked;
  return { atMs, latency: withSlow(without(latency, bad), bad + dropped) };
}

/** As if failures had had the longest times, and what was dropped had been answered at once. */
function atBest({ atMs, latency, failed, dropped }: TimesAt): Placed {
  const rest = withSlow(without(latency.toReversed(), failed).toReversed(), failed);
  return { atMs, latency: dropped === 0 ? rest : [[0, dropped], ...rest] };
}

/** All but the first `count` times. */
function without(latency: Buckets, count: number): Buckets {
  let left = count;
  return latency.flatMap(([lowest, times]): Buckets => {
    const gone = Math.min(left, times);
    left -= gone;
    return times > gone ? [[lowest, times - gone]] : [];
  });
}

function withSlow(latency: Buckets, count: number): Buckets {
  return count === 0 ? latency : [...latency, [Infinity, count]];
}

function decided(seconds: readonly Placed[], goal: QuantileGoal): Omit<LatencyDecision, 'unknown'> {
  const buckets = merged(seconds.map(({ latency }) => latency));
  const byRank = decideHistogram(buckets, goal.quantile, goal.ms);
  const slow = countAbove(buckets, goal.ms);
  const tallies = seconds.map(({ atMs, latency }) => ({
    atMs,
    count: countOf(latency),
    failed: countAbove(latency, goal.ms),
  }));
  const clustered = decideShare({ count: byRank.samples, failed: slow, tallies }, goal.quantile);
  const verdict = byRank.verdict === clustered.verdict ? byRank.verdict : 'inconclusive';
  const samplesToDecide =
    verdict === 'inconclusive' ? (byRank.samplesNeeded ?? clustered.samplesToDecide) : null;
  return { verdict, byRank, slow, clustered, samplesToDecide };
}
