import type { Metric, MetricType } from '../metrics/metric.ts';
import { SampleTags, tagsOf } from './tags.ts';
import type { Vu } from './vu.ts';

type MetricClass = new (name: string, isTime?: boolean) => { add(value: unknown, tags?: unknown): boolean };

/** `k6/metrics` for one VU: samples of these classes carry that VU's tags. */
export function metricsApi(vu: Vu): Record<'Counter' | 'Gauge' | 'Rate' | 'Trend', MetricClass> {
  return {
    Counter: metricClass(vu, 'counter'),
    Gauge: metricClass(vu, 'gauge'),
    Rate: metricClass(vu, 'rate'),
    Trend: metricClass(vu, 'trend'),
  };
}

function metricClass(vu: Vu, type: MetricType): MetricClass {
  return class {
    readonly name: string;
    readonly #metric: Metric;

    constructor(name: string, isTime = false) {
      if (!vu.initialising)
        throw new Error(
          `metric '${name}': metrics must be made while the script is loaded, not in an iteration`,
        );
      this.name = name;
      this.#metric = vu.thread.registry.custom({ name, type, contains: isTime ? 'time' : 'default' });
    }

    add(value: unknown, tags?: unknown): boolean {
      if (vu.initialising)
        throw new Error(`metric '${this.name}': add() cannot be called while the script is loaded`);
      const number = Number(value);
      if (Number.isNaN(number) || value === null) {
        vu.thread.log(
          'warn',
          `'${String(value)}' is an invalid value for metric '${this.name}', a number or a boolean is expected`,
        );
        return false;
      }
      this.#metric.add(number, tags === undefined || tags === null ? vu : new SampleTags(vu, tagsOf(tags)));
      return true;
    }
  };
}
