/** Builds the series of a load's seconds while it runs. */
import type { LoadSecond } from '../engine.ts';
import { Histogram } from './histogram.ts';

/** No engine is silent for an hour: a longer gap means that the clock jumped. */
const LONGEST_GAP_SECONDS = 3600;

export type Count = 'offered' | 'started' | 'dropped' | 'requests' | 'good' | 'bad';

interface Second {
  counts: Record<Count, number>;
  latency: Histogram;
}

export class SecondSeries {
  readonly #seconds: Second[] = [];
  readonly #tell: (second: LoadSecond) => void;
  readonly #lateMs: number;
  #told = 0;
  /** Whether iterations have a schedule; without one none are offered. */
  isScheduled = true;

  /**
   * @param tell called once for each second, in order, when it is over. What is added later is included only in `all`
   * @param lateMs how long a second is waited for after it is over
   */
  constructor(tell: (second: LoadSecond) => void, lateMs: number) {
    this.#tell = tell;
    this.#lateMs = lateMs;
  }

  /** @param atMs ms since the load began; a negative time counts as the first second */
  add(atMs: number, count: Count, by = 1): void {
    this.#at(atMs).counts[count] += by;
  }

  latency(atMs: number, ms: number): void {
    this.#at(atMs).latency.add(ms);
  }

  /** The load goes on until this time at least: tells the seconds that are over. */
  reach(atMs: number): void {
    this.#at(atMs);
    while ((this.#told + 1) * 1000 + this.#lateMs <= atMs && this.#told < this.#seconds.length) this.#next();
  }

  /** Tells the remaining seconds. @returns every second from the first to the last */
  all(): LoadSecond[] {
    while (this.#told < this.#seconds.length) this.#next();
    return this.#seconds.map((_, index) => this.#second(index));
  }

  #next(): void {
    this.#tell(this.#second(this.#told));
    this.#seconds[this.#told++]?.latency.pack();
  }

  #at(atMs: number): Second {
    const index = Math.max(0, Math.floor(atMs / 1000));
    const { length } = this.#seconds;
    if (index >= length + LONGEST_GAP_SECONDS) return this.#at((length - 1) * 1000);
    while (this.#seconds.length <= index) this.#seconds.push(empty());
    return this.#seconds[index] ?? empty();
  }

  #second(index: number): LoadSecond {
    const { counts, latency } = this.#seconds[index] ?? empty();
    const offered = this.isScheduled ? counts.offered : null;
    return { atMs: index * 1000, ...counts, offered, latency: latency.buckets() };
  }
}

function empty(): Second {
  return {
    counts: { offered: 0, started: 0, dropped: 0, requests: 0, good: 0, bad: 0 },
    latency: new Histogram(),
  };
}
