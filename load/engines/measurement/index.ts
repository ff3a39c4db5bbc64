/** What is measured of a load, by whichever engine: only what a judge or a reader of the report reads. */
import type { LoadResult, LoadSecond } from '../engine.ts';
import { SecondSeries } from './seconds.ts';
import { Tally } from './tally.ts';

type Check = LoadResult['checks'][number];

export class Measurement {
  readonly seconds: SecondSeries;
  readonly errors = new Tally();
  readonly #checks = new Map<string, Check>();
  iterations = 0;
  interrupted = 0;
  dropped = 0;
  requests = 0;

  /** @param lateMs how long a second is waited for after it is over */
  constructor(tell: ((second: LoadSecond) => void) | undefined, lateMs: number) {
    this.seconds = new SecondSeries((second) => tell?.(second), lateMs);
  }

  /** An iteration has begun. @param dueMs when it was due, as it began where an engine does not say */
  begun(atMs: number, dueMs = atMs): void {
    this.seconds.add(atMs, 'started');
    this.seconds.add(dueMs, 'offered');
  }

  drop(atMs: number, { dueMs = atMs, by = 1 } = {}): void {
    this.dropped += by;
    this.seconds.add(atMs, 'dropped', by);
    this.seconds.add(dueMs, 'offered', by);
  }

  /** @param atMs null: outside of the load itself, such as in `setup`; it belongs to no second */
  request(atMs: number | null, by = 1): void {
    this.requests += by;
    if (atMs !== null) this.seconds.add(atMs, 'requests', by);
  }

  /** @param name with the path of its group: empty, or `::outer::inner` */
  check(atMs: number | null, { name, group }: Pick<Check, 'name' | 'group'>, passed: boolean): void {
    const key = `${group}\n${name}`;
    let check = this.#checks.get(key);
    if (check === undefined) this.#checks.set(key, (check = { name, group, passes: 0, fails: 0 }));
    if (passed) check.passes++;
    else check.fails++;
    if (atMs !== null) this.seconds.add(atMs, passed ? 'good' : 'bad');
  }

  /** The part of a result that is measured. */
  result(): Omit<
    LoadResult,
    | 'engine'
    | 'engineVersion'
    | 'stubbed'
    | 'latencyFrom'
    | 'sent'
    | 'startedAt'
    | 'durationMs'
    | 'outcome'
    | 'reason'
  > {
    const { iterations, interrupted, dropped, requests } = this;
    return {
      // Each iteration that was due was begun or dropped.
      offered: this.seconds.isScheduled ? iterations + interrupted + dropped : null,
      iterations,
      interrupted,
      dropped,
      requests,
      checks: [...this.#checks.values()],
      errors: this.errors.top(),
      seconds: this.seconds.all(),
    };
  }
}
