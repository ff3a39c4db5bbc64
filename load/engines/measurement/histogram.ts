/** Counts durations with three significant digits, in memory that does not grow with their number. */
import type { Buckets } from '../../../reports/record/details/buckets.ts';

/** Each doubling has 1,024 buckets, at most 0.098 % wide; below twice that, every µs has its own. */
const PER_DOUBLING_BITS = 10;
const US_PER_MS = 1000;
const MOST_US = 2 ** 31 - 1;

/** The lowest value of the bucket of a duration, µs. */
export function bucketOf(us: number): number {
  const shift = Math.max(0, 31 - Math.clz32(us) - PER_DOUBLING_BITS);
  return (us >> shift) << shift;
}

export class Histogram {
  #counts: Map<number, number> | null = null;
  /** Bucket, count, bucket, count …: of a second that is over. A Map takes ten times the memory. */
  #packed: Int32Array | null = null;

  add(ms: number): void {
    const counts = (this.#counts ??= new Map(this.buckets()));
    this.#packed = null;
    const bucket = bucketOf(Math.min(MOST_US, Math.max(0, Math.round(ms * US_PER_MS))));
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }

  /** To be called when few values or none are still to come. */
  pack(): void {
    this.#packed ??= Int32Array.from(this.buckets().flat());
    this.#counts = null;
  }

  buckets(): Buckets {
    if (this.#counts !== null) return [...this.#counts].sort(([a], [b]) => a - b);
    const packed = this.#packed ?? [];
    return Array.from({ length: packed.length / 2 }, (_, at) => [
      packed[2 * at] ?? 0,
      packed[2 * at + 1] ?? 0,
    ]);
  }
}
