/**
 * Bits of a double's fraction that are kept: 1,024 buckets for every doubling, so that no bucket is wider than 0.1 % of its value (like
 * an HDR histogram with three significant digits).
 */
const FRACTION_BITS = 10;
/** Low bits of a double's upper half that are discarded. */
const SHIFT = 20 - FRACTION_BITS;
const PER_DOUBLING = 2 ** FRACTION_BITS;
/** From 2^-20 (a nanosecond, in ms) to 2^44 (557 years): 64 doublings, 256 KiB of counts. */
const LOWEST_EXPONENT = -20;
const DOUBLINGS = 64;
const BUCKETS = DOUBLINGS * PER_DOUBLING;
/** An exponent of 0 is stored as 1023 in a double (IEEE 754). */
const FIRST = (LOWEST_EXPONENT + 1023) << FRACTION_BITS;

/** The bucket of zero, and of positive values below the lowest bucket. */
const ZERO = -1;

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** `[bucket, count]`, ascending. Bucket -1 holds zeros, lower buckets hold negative values. */
export type BucketCounts = [bucket: number, count: number][];

/** Content of a histogram in a form that can be merged, and is small if few buckets are in use. */
export interface HistogramPart {
  count: number;
  sum: number;
  min: number;
  max: number;
  /**
   * Bucket, count, bucket, count …, ascending. Every metric sends a part every second: as arrays of pairs they would take more memory than
   * the load itself.
   */
  buckets: Int32Array;
}

/** The bucket of a value: the exponent and the first bits of the fraction, read from the memory of the double. */
export function bucketOf(value: number): number {
  if (value < 0) return -2 - Math.max(0, bucketOf(-value));
  double[0] = value;
  const bucket = ((halves[1] ?? 0) >>> SHIFT) - FIRST;
  if (bucket < 0) return -1;
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/** The lowest value of a bucket; in a bucket of negative values, the one nearest to zero. */
export function lowestOf(bucket: number): number {
  if (bucket === -1) return 0;
  if (bucket < -1) return -lowestOf(-2 - bucket);
  double[0] = 0;
  halves[1] = (bucket + FIRST) << SHIFT;
  return double[0];
}

/** The value that represents all values of a bucket. */
export function middleOf(bucket: number): number {
  if (bucket < -1) return -middleOf(-2 - bucket);
  return bucket === -1 ? 0 : (lowestOf(bucket) + lowestOf(bucket + 1)) / 2;
}

/**
 * Counts values by bucket, in memory that does not grow. hdr-histogram-js is not used, since it counts integers within a range fixed in
 * advance, while a trend holds any number. Reading the bucket from the bits of the double needs no arithmetic.
 */
export class Histogram {
  #counts: Uint32Array | null = null;
  /** Counted apart, since zero is the most frequent value: connecting takes no time on a reused connection. */
  #zeros = 0;
  /** Buckets below 0: negative values, few in practice, and what is close to zero. */
  readonly #others = new Map<number, number>();
  #first = BUCKETS;
  #last = -1;
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (value === 0) {
      this.#zeros++;
      return;
    }
    const bucket = bucketOf(value);
    if (bucket < 0) {
      this.#others.set(bucket, (this.#others.get(bucket) ?? 0) + 1);
      return;
    }
    const counts = (this.#counts ??= new Uint32Array(BUCKETS));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    if (bucket < this.#first) this.#first = bucket;
    if (bucket > this.#last) this.#last = bucket;
  }

  /** Returns what was counted since the last call, and resets the histogram. */
  take(): HistogramPart {
    const buckets = this.#packed();
    const part = { count: this.#count, sum: this.#sum, min: this.#min, max: this.#max, buckets };
    if (this.#last >= 0) this.#counts?.fill(0, this.#first, this.#last + 1);
    this.#others.clear();
    this.#zeros = 0;
    this.#first = BUCKETS;
    this.#last = -1;
    this.#count = this.#sum = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
    return part;
  }

  #packed(): Int32Array {
    if (this.#zeros > 0) this.#others.set(ZERO, (this.#others.get(ZERO) ?? 0) + this.#zeros);
    const counts = this.#counts?.subarray(this.#first, this.#last + 1) ?? [];
    let kinds = this.#others.size;
    for (const count of counts) if (count > 0) kinds++;
    const packed = new Int32Array(2 * kinds);
    let at = 0;
    for (const [bucket, count] of [...this.#others].sort((a, b) => a[0] - b[0])) {
      packed[at++] = bucket;
      packed[at++] = count;
    }
    let bucket = this.#first;
    for (const count of counts) {
      if (count > 0) {
        packed[at++] = bucket;
        packed[at++] = count;
      }
      bucket++;
    }
    return packed;
  }
}

/** Parts of many seconds and threads, added up. */
export class Distribution {
  readonly #counts = new Map<number, number>();
  #sorted: BucketCounts | null = null;
  count = 0;
  sum = 0;
  min = Infinity;
  max = -Infinity;

  merge(part: HistogramPart): void {
    this.count += part.count;
    this.sum += part.sum;
    this.min = Math.min(this.min, part.min);
    this.max = Math.max(this.max, part.max);
    for (let at = 0; at < part.buckets.length; at += 2) {
      const [bucket = 0, count = 0] = [part.buckets[at], part.buckets[at + 1]];
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    }
    this.#sorted = null;
  }

  buckets(): BucketCounts {
    return (this.#sorted ??= [...this.#counts].sort((a, b) => a[0] - b[0]));
  }

  /** Interpolates between the two nearest ranks, as k6 does; null without values. @param share 0 to 1 */
  quantile(share: number): number | null {
    if (this.count === 0) return null;
    const rank = share * (this.count - 1);
    const below = this.#atRank(Math.floor(rank));
    const above = this.#atRank(Math.ceil(rank));
    return below + (above - below) * (rank - Math.floor(rank));
  }

  #atRank(rank: number): number {
    if (rank <= 0) return this.min;
    if (rank >= this.count - 1) return this.max;
    let seen = 0;
    for (const [bucket, count] of this.buckets()) {
      seen += count;
      if (seen > rank) return Math.min(this.max, Math.max(this.min, middleOf(bucket)));
    }
    return this.max;
  }
}
