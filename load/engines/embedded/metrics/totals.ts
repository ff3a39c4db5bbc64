import type { Buckets, LoadMetric } from '../../../../reports/record/details/load-result.ts';
import { Distribution, lowestOf } from './histogram.ts';
import type { BucketCounts } from './histogram.ts';
import type { MetricSpec, SinkPart } from './metric.ts';
import { parseMetricName } from './name.ts';

type Gauge = SinkPart & { type: 'gauge' };

/** One metric, summed over all threads. */
export type Total =
  | { type: 'counter'; count: number }
  | { type: 'rate'; passes: number; fails: number }
  | { type: 'gauge'; last: Gauge }
  | { type: 'trend'; values: Distribution };

/** The metrics of a whole load, merged from all threads. */
export class MetricTotals {
  readonly #totals = new Map<string, Total>();
  readonly #specs = new Map<string, MetricSpec>();

  /** Declares the metrics that exist, with or without samples. */
  declare(specs: Iterable<MetricSpec>): void {
    for (const spec of specs) this.#specs.set(spec.name, spec);
  }

  specOf(fullName: string): MetricSpec | undefined {
    return this.#specs.get(parseMetricName(fullName).name);
  }

  get(fullName: string): Total | undefined {
    return this.#totals.get(fullName);
  }

  merge(parts: Iterable<readonly [name: string, part: SinkPart]>): void {
    for (const [name, part] of parts) {
      const total = this.#totals.get(name);
      if (total === undefined) this.#totals.set(name, begin(part));
      else add(total, part);
    }
  }

  /** The metrics in the form of the result. @param seconds duration over which the rates of counters are computed */
  results(seconds: number): Record<string, LoadMetric> {
    const names = [...this.#totals.keys()].sort();
    return Object.fromEntries(
      names.flatMap((name) => {
        const total = this.#totals.get(name);
        return total === undefined ? [] : [[name, resultOf(total, this.specOf(name), seconds)]];
      }),
    );
  }
}

function begin(part: SinkPart): Total {
  switch (part.type) {
    case 'counter':
    case 'rate':
      return { ...part };
    case 'gauge':
      return { type: 'gauge', last: part };
    case 'trend': {
      const values = new Distribution();
      values.merge(part);
      return { type: 'trend', values };
    }
  }
}

function add(total: Total, part: SinkPart): void {
  if (total.type === 'counter' && part.type === 'counter') total.count += part.count;
  else if (total.type === 'rate' && part.type === 'rate') {
    total.passes += part.passes;
    total.fails += part.fails;
  } else if (total.type === 'trend' && part.type === 'trend') total.values.merge(part);
  else if (total.type === 'gauge' && part.type === 'gauge') total.last = later(total.last, part);
}

function later(a: Gauge, b: Gauge): Gauge {
  const { value, atMs } = a.atMs > b.atMs ? a : b;
  return { type: 'gauge', value, atMs, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

function resultOf(total: Total, spec: MetricSpec | undefined, seconds: number): LoadMetric {
  switch (total.type) {
    case 'counter':
      return { type: 'counter', count: total.count, ratePerSecond: seconds > 0 ? total.count / seconds : 0 };
    case 'rate':
      return { ...total, ratio: total.passes / (total.passes + total.fails) };
    case 'gauge':
      return { type: 'gauge', value: total.last.value, min: total.last.min, max: total.last.max };
    case 'trend':
      return trendOf(total.values, spec?.contains === 'time');
  }
}

function trendOf(values: Distribution, time: boolean): LoadMetric {
  const at = (share: number): number | null => values.quantile(share);
  return {
    type: 'trend',
    time,
    count: values.count,
    min: values.min,
    avg: values.sum / values.count,
    med: at(0.5),
    max: values.max,
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    buckets: asBuckets(values.buckets()),
  };
}

/** Lowest values of the buckets, in thousandths of the metric's unit (µs for ms), with their counts. */
export function asBuckets(counts: BucketCounts): Buckets {
  return counts.map(([bucket, count]) => [lowestOf(bucket) * 1000, count]);
}
