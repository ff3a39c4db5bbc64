/** The series of seconds, built while the samples come in. */
import type { LoadSecond } from '../../../reports/record/details/load-result.ts';
import { Histogram } from './histogram.ts';

/** A second is told once samples of a time this much later were seen: k6 writes its samples every 200 ms, and some a little late. */
const LATE_MS = 2000;
/** k6 samples its VUs every second: a gap longer than an hour comes from a clock that jumped, not from a load. */
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
  /** Whether a schedule asks for iterations at all. */
  readonly #open: boolean;
  #told = 0;
  #last = -1;
  #vus = 0;

  /** @param tell is called once for every second, in order, when it is over; samples that come later still are in `all` */
  constructor(open: boolean, tell?: (second: LoadSecond) => void) {
    this.#open = open;
    this.#tell = tell;
  }

  /** @param atMs since the load began; what lies before it counts as its first second */
  add(atMs: number, count: Count, by = 1): void {
    this.#at(atMs).counts[count] += by;
  }

  latency(atMs: number, ms: number): void {
    this.#at(atMs).latency.record(ms);
  }

  vus(atMs: number, vus: number): void {
    this.#at(atMs).vus = vus;
  }

  /** Tells what is over when a sample of this time was seen. */
  seen(atMs: number): void {
    while (this.#tell !== undefined && (this.#told + 1) * 1000 + LATE_MS <= atMs && this.#told <= this.#last)
      this.#tell(this.#second(this.#told++));
  }

  /** Tells what was not told yet, and gives every second from the first to the last. */
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
    // A second of which no gauge came has as many VUs as the one before it.
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
