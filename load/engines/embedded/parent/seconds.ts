import type { LoadSecond } from '../../../../reports/record/details/load-result.ts';
import { Distribution } from '../metrics/histogram.ts';
import type { BucketCounts } from '../metrics/histogram.ts';
import { asBuckets } from '../metrics/totals.ts';
import type { Told } from '../worker/protocol.ts';

interface Merging {
  counts: Omit<LoadSecond, 'atMs' | 'offered' | 'latency' | 'vus'>;
  busy: number;
  latency: Distribution;
}

/** A second that has been reported. Its latencies are packed: as pairs they would take ten times the memory until the load ends. */
interface KeptSecond {
  second: Omit<LoadSecond, 'latency'>;
  /** Bucket, count, bucket, count … */
  latency: Int32Array;
}

/** Merges the seconds of all threads, and reports each one, in order, once no thread can add to it. */
export class Seconds {
  readonly #offered: (fromMs: number, toMs: number) => number | null;
  readonly #given: (second: LoadSecond) => void;
  readonly #merging = new Map<number, Merging>();
  /** The second that each thread will send next. */
  readonly #next = new Map<unknown, number>();
  #out = 0;
  readonly #kept: KeptSecond[] = [];

  constructor(offered: (fromMs: number, toMs: number) => number | null, given: (second: LoadSecond) => void) {
    this.#offered = offered;
    this.#given = given;
  }

  join(thread: unknown): void {
    this.#next.set(thread, 0);
  }

  add(thread: unknown, second: number, told: Told): void {
    const merging = this.#at(second);
    const { counts } = merging;
    counts.started += told.started;
    counts.dropped += told.dropped;
    counts.iterations += told.iterations;
    counts.requests += told.requests;
    counts.failed += told.failed;
    counts.good += told.good;
    counts.bad += told.bad;
    merging.busy += told.busy;
    merging.latency.merge(told.latency);
    if (this.#next.has(thread)) this.#next.set(thread, second + 1);
    this.#giveOut(Math.min(...this.#next.values()), Infinity);
  }

  /** The thread will send no more seconds. */
  leave(thread: unknown): void {
    this.#next.delete(thread);
    if (this.#next.size > 0) this.#giveOut(Math.min(...this.#next.values()), Infinity);
  }

  /** Reports the remaining seconds, up to the end of the load. */
  close(durationMs: number): void {
    this.#giveOut(Math.max(-1, ...this.#merging.keys()) + 1, durationMs);
  }

  #at(second: number): Merging {
    let found = this.#merging.get(second);
    if (found === undefined) {
      const counts = { started: 0, dropped: 0, iterations: 0, requests: 0, failed: 0, good: 0, bad: 0 };
      this.#merging.set(second, (found = { counts, busy: 0, latency: new Distribution() }));
    }
    return found;
  }

  #giveOut(before: number, endMs: number): void {
    for (; this.#out < before; this.#out++) {
      const { counts, busy, latency } = this.#at(this.#out);
      this.#merging.delete(this.#out);
      const atMs = this.#out * 1000;
      const offered = this.#offered(atMs, Math.min(atMs + 1000, endMs));
      const second = { atMs, offered, ...counts, vus: busy };
      const buckets = latency.buckets();
      this.#kept.push({ second, latency: Int32Array.from(buckets.flat()) });
      this.#given({ ...second, latency: asBuckets(buckets) });
    }
  }

  /** Every second that has been reported. */
  all(): LoadSecond[] {
    return this.#kept.map(({ second, latency }) => ({ ...second, latency: asBuckets(pairsOf(latency)) }));
  }
}

function pairsOf(packed: Int32Array): BucketCounts {
  return Array.from({ length: packed.length / 2 }, (_, at) => [packed[2 * at] ?? 0, packed[2 * at + 1] ?? 0]);
}
