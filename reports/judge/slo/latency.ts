import type { Buckets, LoadSecond } from '../../record/load-result.ts';
import type { Verdict } from '../../record/verdict.ts';
import { decideAvailability } from './availability.ts';
import type { AvailabilityDecision } from './availability.ts';
import { countAbove, countOf, decideHistogram } from './histogram.ts';
import type { HistogramDecision } from './histogram.ts';

export interface LatencyDecision {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  /** Bounds by rank, of requests as if they were independent. */
  byRank: HistogramDecision;
  /** Requests that took longer than the goal. */
  slow: number;
  /** The same question asked of the share of requests within the goal, with clusters of slow ones counted as what they are. */
  clustered: AvailabilityDecision;
  /** Requests in all that would decide; null when decided, or when none would. */
  samplesToDecide: number | null;
}

/**
 * Holds a quantile of latency against a goal in ms. "p95 ≤ 500 ms" says the same as "95 % of requests take at most 500 ms"; slow requests
 * come in clusters as failures do. So the bounds by rank and the bounds of that share, with its clusters (availability.ts), both have to
 * agree.
 * @param buckets latencies of all requests
 * @param seconds the same by time; without them all slow requests count as one event
 */
export function decideLatency(
  buckets: Buckets,
  seconds: readonly LoadSecond[],
  goal: { quantile: number; ms: number },
): LatencyDecision {
  const byRank = decideHistogram(buckets, goal.quantile, goal.ms);
  const slow = countAbove(buckets, goal.ms);
  const tallies = seconds.map(({ atMs, latency }) => ({
    atMs,
    count: countOf(latency),
    failed: countAbove(latency, goal.ms),
  }));
  const clustered = decideAvailability({ count: byRank.samples, failed: slow, tallies }, goal.quantile);
  const verdict = byRank.verdict === clustered.verdict ? byRank.verdict : 'inconclusive';
  const samplesToDecide =
    verdict === 'inconclusive' ? (byRank.samplesNeeded ?? clustered.samplesToDecide) : null;
  return { verdict, byRank, slow, clustered, samplesToDecide };
}
