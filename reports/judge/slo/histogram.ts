/**
 * Counts by value, as a load records them: `[lowest value of the bucket in µs, count]`, ascending. A figure computed from them is off by at
 * most one bucket, and is always rounded to the side that claims less.
 */
import type { Buckets } from '../../record/details/buckets.ts';
import type { Verdict } from '../../record/verdict.ts';
import { minimumSamples, quantileRanks } from '../statistics.ts';

/** Width of a bucket by its lowest value: three significant digits (record/details/buckets.ts); whole µs below 1 ms. */
const BUCKET_WIDTH = 0.001;
const US_PER_MS = 1000;

/** Largest value, µs, that a bucket may stand for. */
export function upperEdgeUs(lowestUs: number): number {
  return lowestUs + Math.max(1, lowestUs * BUCKET_WIDTH);
}

export function countOf(buckets: Buckets): number {
  return buckets.reduce((sum, [, count]) => sum + count, 0);
}

/** The counts of several distributions in one, ascending. */
export function merged(all: Iterable<Buckets>): Buckets {
  const sums = new Map<number, number>();
  for (const buckets of all)
    for (const [lowest, count] of buckets) sums.set(lowest, (sums.get(lowest) ?? 0) + count);
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Samples that may lie above a value, ms: a bucket that the value cuts counts as above. */
export function countAbove(buckets: Buckets, valueMs: number): number {
  const limit = valueMs * US_PER_MS;
  return buckets.reduce((sum, [lowest, count]) => (upperEdgeUs(lowest) > limit ? sum + count : sum), 0);
}

/** Lowest value, µs, of the bucket that holds the sample of a rank (from 1); null when there are not that many. */
function bucketOfRank(buckets: Buckets, rank: number): number | null {
  let seen = 0;
  for (const [lowest, count] of buckets) {
    seen += count;
    if (seen >= rank) return lowest;
  }
  return null;
}

/** The quantile of the samples themselves (nearest rank), ms, at the upper edge of its bucket; null without samples. */
export function quantileMs(buckets: Buckets, quantile: number): number | null {
  const rank = Math.max(1, Math.ceil(quantile * countOf(buckets)));
  const found = bucketOfRank(buckets, rank);
  return found === null ? null : upperEdgeUs(found) / US_PER_MS;
}

/** Several quantiles, which must be ascending, in one pass over the buckets. */
export function quantilesMs(buckets: Buckets, quantiles: readonly number[]): (number | null)[] {
  const count = countOf(buckets);
  let index = 0;
  let seen = buckets[0]?.[1] ?? 0;
  return quantiles.map((quantile) => {
    const rank = Math.max(1, Math.ceil(quantile * count));
    while (seen < rank && index + 1 < buckets.length) {
      index += 1;
      seen += buckets[index]?.[1] ?? 0;
    }
    const bucket = buckets[index];
    return bucket === undefined || seen < rank ? null : upperEdgeUs(bucket[0]) / US_PER_MS;
  });
}

export interface HistogramBounds {
  samples: number;
  /** The sample's own quantile, ms; null without samples. */
  valueMs: number | null;
  /**
   * One-sided 95 % bounds by rank, ms: the lower one is the lowest value of its bucket, the upper one the highest of its bucket, so
   * that neither claims more than the sample at that rank. Null when the sample is too small to have one.
   */
  lowerMs: number | null;
  upperMs: number | null;
}

/** Bounds of the population's quantile, by order statistics. Assumes that samples are independent. */
export function histogramBounds(buckets: Buckets, quantile: number): HistogramBounds {
  const samples = countOf(buckets);
  if (samples === 0) return { samples, valueMs: null, lowerMs: null, upperMs: null };
  const ranks = quantileRanks(samples, quantile);
  const lower = ranks.lower === null ? null : bucketOfRank(buckets, ranks.lower);
  const upper = ranks.upper === null ? null : bucketOfRank(buckets, ranks.upper);
  return {
    samples,
    valueMs: quantileMs(buckets, quantile),
    lowerMs: lower === null ? null : lower / US_PER_MS,
    upperMs: upper === null ? null : upperEdgeUs(upper) / US_PER_MS,
  };
}

export interface HistogramDecision extends HistogramBounds {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  /** Total samples without which not even a faultless run could pass; null when there are that many. */
  samplesNeeded: number | null;
}

/** Compares a quantile with a goal in ms: at most `goalMs`. */
export function decideHistogram(buckets: Buckets, quantile: number, goalMs: number): HistogramDecision {
  const bounds = histogramBounds(buckets, quantile);
  const { lowerMs, upperMs, samples } = bounds;
  const needed = minimumSamples(quantile);
  const passes = upperMs !== null && upperMs <= goalMs;
  const fails = lowerMs !== null && lowerMs > goalMs;
  return {
    ...bounds,
    verdict: passes ? 'pass' : fails ? 'fail' : 'inconclusive',
    samplesNeeded: needed !== null && samples < needed ? needed : null,
  };
}
