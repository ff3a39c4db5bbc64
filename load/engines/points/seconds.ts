/** Builds the series of seconds while samples arrive. */
import type { LoadSecond } from '../../../reports/record/details/load-result.ts';
import { Histogram } from './histogram.ts';

/** A second is reported once a sample this much later has been seen: k6 writes samples every 200 ms, and some a little late. */
const LATE_MS = 2000;
/** k6 samples its VUs every second, so a gap of more than an hour means that the clock jumped. */
const LONGEST_GAP_SECONDS = 3600;

type Count = 'offered' | 'started' | 'dropped' | 'iterations' | 'requests' | 'failed' | 'good' | 'bad';

interface Second {
  counts: Record<Count, number>;
  vus: number | null;
  latency: Histogram;
}

const empty = (): Second => ({
  counts: { offered: 0, started: 0, dropped: 0, iterations: 0, requests: 0, failed: 0, good: 0, bad: 0 },
  vus: null,
  latency: new Histogram(),
});

export class SecondSeries {
  readonly #seconds = new Map<number, Second>();
  readonly #tell: ((second: LoadSecond) => void) | undefined;
  /** Whether a scenario has a schedule, so that iterations are offered. */
  readonly #open: boolean;
  #told = 0;
  #last = -1;
  #vus = 0;

  /** @param tell called once for each second, in order, when it is over. Samples that arrive later are included only in `all`. */
  constructor(open: boolean, tell?: (second: LoadSecond) => void) {
    this.#open = open;
    this.#tell = tell;
  }

  /** @param atMs ms since the load began; a negative time counts as the first second */
  add(atMs: number, count: Count, by = 1): void {
    this.#at(atMs).counts[count] += by;
  }

  latency(atMs: number, ms: number): void {
    this.#at(atMs).latency.record(ms);
  }

  vus(atMs: number, vus: number): void {
    this.#at(atMs).vus = vus;
  }

  /** A sample of this time was seen: reports the seconds that are over. */
  seen(atMs: number): void {
    while (this.#tell !== undefined && (this.#told + 1) * 1000 + LATE_MS <= atMs && this.#told <= this.#last)
      this.#tell(this.#second(this.#told++));
  }

  /** Reports the remaining seconds. @returns every second from the first to the last */
  all(): LoadSecond[] {
    if (this.#tell !== undefined)
      for (; this.#told <= this.#last; this.#told++) this.#tell(this.#second(this.#told));
    this.#vus = 0;
    return Array.from({ length: this.#last + 1 }, (_, index) => this.#second(index));
  }

  #at(atMs: number): Second {
    const index = Math.max(0, Math.floor(atMs / 1000));
    if (index > this.#last + LONGEST_GAP_SECONDS && this.#last >= 0) return this.#at(this.#last * 1000);
    const known = this.#seconds.get(index);
    if (known !== undefined) return known;
    const made = empty();
    this.#seconds.set(index, made);
    if (index > this.#last) this.#last = index;
    return made;
  }

  #second(index: number): LoadSecond {
    const { counts, vus, latency } = this.#seconds.get(index) ?? empty();
    // A second without a sample of the gauge has as many VUs as the previous one.
    this.#vus = vus ?? this.#vus;
    const { offered, ...others } = counts;
    return {
      atMs: index * 1000,
      offered: this.#open ? offered : null,
      ...others,
      vus: this.#vus,
      latency: latency.buckets(),
    };
  }
}
