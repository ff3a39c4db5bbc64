import type { LoadResult } from '../../../../reports/record/details/load-result.ts';
import { MetricTotals } from '../metrics/totals.ts';
import type { Told } from '../worker/protocol.ts';

const MOST_ERRORS = 50;

/** Sums up what all threads report. */
export class Tally {
  readonly metrics = new MetricTotals();
  readonly requests = { count: 0, failed: 0 };
  readonly #errors = new Map<string, number>();
  readonly #checks = new Map<string, LoadResult['checks'][number]>();

  add(told: Told): void {
    this.metrics.merge(told.metrics);
    this.requests.count += told.requests;
    this.requests.failed += told.failed;
    for (const [error, count] of told.errors) this.#errors.set(error, (this.#errors.get(error) ?? 0) + count);
    for (const { name, group, passes, fails } of told.checks) this.#check(name, group, { passes, fails });
  }

  /** Records the gauges of VUs, which are counted over all threads. */
  seen({ busy, vus }: { busy: number; vus: number }): void {
    const atMs = Date.now();
    const gauge = (value: number) => ({ type: 'gauge', value, min: value, max: value, atMs }) as const;
    this.metrics.merge([
      ['vus', gauge(busy)],
      ['vus_max', gauge(vus)],
    ]);
  }

  errors(): LoadResult['errors'] {
    const all = [...this.#errors].map(([error, count]) => ({ error, count }));
    return all.sort((a, b) => b.count - a.count).slice(0, MOST_ERRORS);
  }

  checks(): LoadResult['checks'] {
    return [...this.#checks.values()];
  }

  #check(name: string, group: string, { passes, fails }: { passes: number; fails: number }): void {
    const key = `${group}\n${name}`;
    const known = this.#checks.get(key);
    if (known === undefined) this.#checks.set(key, { name, group, passes, fails });
    else {
      known.passes += passes;
      known.fails += fails;
    }
  }
}
