/** Aggregates samples, for each of k6's four types of metric. */
import type { LoadMetric } from '../../../reports/record/details/load-result.ts';
import { Histogram, quantileOf } from './histogram.ts';

export type MetricKind = LoadMetric['type'];

export interface Sink {
  add(value: number): void;
  /** @param durationMs duration of the load, for rates */
  metric(durationMs: number): LoadMetric;
}

function trend(time: boolean): Sink {
  const values = new Histogram();
  return {
    add: (value) => values.record(value),
    metric: () => {
      const buckets = values.buckets();
      const { spread } = values;
      const at = (ratio: number): number | null => (spread ? quantileOf(buckets, ratio, spread) : null);
      return {
        type: 'trend',
        time,
        count: values.count,
        min: spread?.min ?? null,
        avg: values.mean,
        med: at(0.5),
        max: spread?.max ?? null,
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        buckets,
      };
    },
  };
}

/** The rate of a counter per second; 0 if no time has passed. */
export function perSecond(count: number, durationMs: number): number {
  return durationMs > 0 ? (count * 1000) / durationMs : 0;
}

function counter(): Sink {
  let count = 0;
  return {
    add: (value) => {
      count += value;
    },
    metric: (durationMs) => ({ type: 'counter', count, ratePerSecond: perSecond(count, durationMs) }),
  };
}

function rate(): Sink {
  let passes = 0;
  let fails = 0;
  return {
    add: (value) => {
      if (value === 0) fails++;
      else passes++;
    },
    metric: () => {
      const total = passes + fails;
      return { type: 'rate', passes, fails, ratio: total === 0 ? null : passes / total };
    },
  };
}

function gauge(): Sink {
  let last: number | null = null;
  let min = Infinity;
  let max = -Infinity;
  return {
    add: (value) => {
      last = value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    },
    metric: () => ({
      type: 'gauge',
      value: last,
      min: last === null ? null : min,
      max: last === null ? null : max,
    }),
  };
}

/** @param time whether a trend's values are durations in ms (k6: `contains: "time"`) */
export function sinkOf(kind: MetricKind, time: boolean): Sink {
  return { trend: () => trend(time), counter, rate, gauge }[kind]();
}
