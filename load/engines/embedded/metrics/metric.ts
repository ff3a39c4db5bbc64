import { Histogram } from './histogram.ts';
import type { HistogramPart } from './histogram.ts';

export type MetricType = 'counter' | 'gauge' | 'rate' | 'trend';
/** What the values are: k6's `contains`. */
export type Contains = 'default' | 'time' | 'data';

export interface MetricSpec {
  name: string;
  type: MetricType;
  contains: Contains;
}

/** The tags of a sample. They are read only if a threshold names tags. */
export interface Tags {
  tag(name: string): string | undefined;
}

/** What was added to a metric since the last part, by type. */
export type SinkPart =
  | { type: 'counter'; count: number }
  | { type: 'gauge'; value: number; min: number; max: number; atMs: number }
  | { type: 'rate'; passes: number; fails: number }
  | ({ type: 'trend' } & HistogramPart);

interface Sink {
  add(value: number): void;
  /** Returns what was added since the last call, and resets; null: nothing. */
  take(): SinkPart | null;
}

class CounterSink implements Sink {
  #count = 0;
  #used = false;

  add(value: number): void {
    this.#count += value;
    this.#used = true;
  }

  take(): SinkPart | null {
    if (!this.#used) return null;
    const part: SinkPart = { type: 'counter', count: this.#count };
    this.#count = 0;
    this.#used = false;
    return part;
  }
}

class RateSink implements Sink {
  #passes = 0;
  #fails = 0;

  add(value: number): void {
    if (value !== 0) this.#passes++;
    else this.#fails++;
  }

  take(): SinkPart | null {
    if (this.#passes + this.#fails === 0) return null;
    const part: SinkPart = { type: 'rate', passes: this.#passes, fails: this.#fails };
    this.#passes = this.#fails = 0;
    return part;
  }
}

class GaugeSink implements Sink {
  #part: (SinkPart & { type: 'gauge' }) | null = null;

  add(value: number): void {
    const atMs = performance.timeOrigin + performance.now();
    this.#part ??= { type: 'gauge', value, min: value, max: value, atMs };
    const { min, max } = this.#part;
    Object.assign(this.#part, { value, min: Math.min(min, value), max: Math.max(max, value), atMs });
  }

  take(): SinkPart | null {
    const part = this.#part;
    this.#part = null;
    return part;
  }
}

class TrendSink implements Sink {
  readonly #histogram = new Histogram();

  add(value: number): void {
    this.#histogram.add(value);
  }

  take(): SinkPart | null {
    return this.#histogram.count === 0 ? null : { type: 'trend', ...this.#histogram.take() };
  }
}

const SINKS = { counter: CounterSink, gauge: GaugeSink, rate: RateSink, trend: TrendSink };

/** The samples that have all tags named by a threshold. */
interface SubMetric {
  name: string;
  tags: readonly (readonly [name: string, value: string])[];
  sink: Sink;
}

/** One metric of one thread. */
export class Metric {
  readonly spec: MetricSpec;
  readonly #sink: Sink;
  readonly #subs: SubMetric[] = [];

  constructor(spec: MetricSpec) {
    this.spec = spec;
    this.#sink = new SINKS[spec.type]();
  }

  addSub(name: string, tags: SubMetric['tags']): void {
    this.#subs.push({ name, tags, sink: new SINKS[this.spec.type]() });
  }

  /** @param tags may be null if no threshold names tags */
  add(value: number, tags: Tags | null): void {
    this.#sink.add(value);
    for (const sub of this.#subs)
      if (sub.tags.every(([name, wanted]) => tags?.tag(name) === wanted)) sub.sink.add(value);
  }

  *take(): Iterable<[name: string, part: SinkPart]> {
    const own = this.#sink.take();
    if (own !== null) yield [this.spec.name, own];
    for (const { name, sink } of this.#subs) {
      const part = sink.take();
      if (part !== null) yield [name, part];
    }
  }
}
