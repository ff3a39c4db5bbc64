/** How every judge decides on a latency quantile: failures count as infinitely slow, and unknown requests once as good and once as bad. */
import type { Buckets } from '../../../../reports/record/details/buckets.ts';
import type { Verdict } from '../../../../reports/record/verdict.ts';
import { countAbove, countOf, decideHistogram, merged } from '../../../../reports/judge/slo/histogram.ts';
import type { HistogramDecision } from '../../../../reports/judge/slo/histogram.ts';
import { bothWays, decideShare } from '../../../../reports/judge/slo/share.ts';
import type { ShareDecision } from '../../../../reports/judge/slo/share.ts';

/** Latencies of a stretch of time, or of the whole load. */
export interface Times {
  /** Of every request that ended, well or not. */
  latency: Buckets;
  /** How many of them failed; which of the latencies are theirs is not recorded. */
  failed: number;
  /** How many of them were not checked, and may have failed. */
  unchecked: number;
  /** Requests, not in `latency`, that were never begun or never ended. */
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
   * Bounds by rank, with requests taken as independent. The value is that of the requests that ended, with failures as infinitely slow; the
   * bounds hold however the unknown ones ended.
   */
  byRank: HistogramDecision;
  /** Requests that took longer than the goal, or failed. */
  slow: number;
  /** Share of slow requests, those included of which it is not known, as good and as bad; NaN without any request. */
  slowShare: { best: number; worst: number };
  /** The same goal, as the share of requests that meet it; slow requests that cluster count as fewer samples. */
  clustered: ShareDecision;
  /** Total requests that would decide; null when decided, or when no number would. */
  samplesToDecide: number | null;
  /** Requests counted once as good and once as bad. */
  unknown: number;
}

/**
 * Compares a quantile of latency with a goal in ms. "p95 ≤ 500 ms" says the same as "95 % of requests are answered, well and within 500
 * ms". Slow requests cluster as failures do. So the bounds by rank and the bounds of that share, with its clusters (share.ts), must agree.
 *
 * A failure is infinitely slow, but which of the recorded latencies belong to failures is not known. So the goal is met only if it is met
 * with the shortest latencies taken as theirs, and missed only if it is missed with the longest.
 * @param seconds latencies in order of time; where there is only one entry for the whole load, all its failures count as one event
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
    slowShare: { best: best.slow / best.byRank.samples, worst: worst.slow / worst.byRank.samples },
    unknown: seconds.reduce((sum, one) => sum + one.unchecked + one.dropped, 0),
  };
}

const finite = (ms: number | null): number | null => (ms !== null && Number.isFinite(ms) ? ms : null);

interface Placed {
  atMs: number;
  latency: Buckets;
}

/** Worst case: failed and unchecked requests had the shortest latencies, and dropped ones were never answered. */
function atWorst({ atMs, latency, failed, unchecked, dropped }: TimesAt): Placed {
  const bad = failed + unchecked;
  return { atMs, latency: withSlow(without(latency, bad), bad + dropped) };
}

/** Best case: failed requests had the longest latencies, and dropped ones were answered at once. */
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

function decided(
  seconds: readonly Placed[],
  goal: QuantileGoal,
): Omit<LatencyDecision, 'unknown' | 'slowShare'> {
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
