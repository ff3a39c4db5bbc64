/** Counts values with three significant digits, in memory that does not grow with their number. */
import type { Buckets } from '../../../reports/record/details/load-result.ts';

/** Below this, every integer has its own bucket. Above it, each doubling has 1,024 buckets, at most 0.098 % wide. */
const EXACT = 2048;
const BITS_KEPT = 10;
/** Buckets are in thousandths of the metric's unit: µs for durations in ms. */
export const UNITS = 1000;

function widthOf(units: number): number {
  const size = Math.abs(units);
  return size < EXACT ? 1 : 2 ** (Math.floor(Math.log2(size)) - BITS_KEPT);
}

/** The lowest value of the bucket of a value (both in thousandths); for a negative value, the one nearest to zero. */
export function bucketOf(units: number): number {
  const width = widthOf(units);
  return Math.trunc(units / width) * width;
}

export interface Spread {
  min: number;
  max: number;
}

/** The value at a rank (0 = the smallest), approximated by the middle of its bucket, in the unit of the samples. */
function valueAt(buckets: Buckets, rank: number, within: Spread): number {
  let passed = 0;
  for (const [lowest, count] of buckets) {
    passed += count;
    if (passed > rank) {
      const middle = lowest + (Math.sign(lowest || 1) * widthOf(lowest)) / 2;
      return Math.min(within.max, Math.max(within.min, middle / UNITS));
    }
  }
  return within.max;
}

/**
 * A quantile as k6 computes it: interpolated between the two samples next to rank `ratio × (n − 1)`.
 * @returns null without samples
 */
export function quantileOf(buckets: Buckets, ratio: number, within: Spread): number | null {
  const count = buckets.reduce((sum, [, each]) => sum + each, 0);
  if (count === 0) return null;
  const rank = Math.min(1, Math.max(0, ratio)) * (count - 1);
  const below = valueAt(buckets, Math.floor(rank), within);
  const above = valueAt(buckets, Math.ceil(rank), within);
  return below + (above - below) * (rank - Math.floor(rank));
}

export class Histogram {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  /** @param value in the unit of the samples: milliseconds for durations */
  record(value: number): void {
    const lowest = bucketOf(Math.round(value * UNITS));
    this.#counts.set(lowest, (this.#counts.get(lowest) ?? 0) + 1);
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  get count(): number {
    return this.#count;
  }

  /** Null without samples. */
  get mean(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }

  /** Null without samples. */
  get spread(): Spread | null {
    return this.#count === 0 ? null : { min: this.#min, max: this.#max };
  }

  buckets(): Buckets {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }
}
