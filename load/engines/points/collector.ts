/** Aggregates k6's samples for a load result (metrics, seconds, checks, scenarios, errors), in memory that does not grow with their number. */
import type { LoadMetric, LoadResult, LoadSecond } from '../../../reports/record/details/load-result.ts';
import { Opening } from './opening.ts';
import { pointOf, type PointLine } from './points.ts';
import { SecondSeries } from './seconds.ts';
import { selectorOf, selects, type Selector } from './selector.ts';
import { sinkOf, type MetricKind, type Sink } from './sinks.ts';
import { Tally } from './tally.ts';

export interface CollectorOptions {
  /** The scenarios of the script's options. */
  scenarios: readonly { name: string; executor: string }[];
  /** Names of metrics and sub-metrics that thresholds judge. */
  thresholds: readonly string[];
  second?: (second: LoadSecond) => void;
  /** Removes secrets from texts that are kept. */
  redact: (text: string) => string;
}

type Scenario = LoadResult['scenarios'][number];
type Check = LoadResult['checks'][number];

/** Whether iterations start by a schedule, no matter how long earlier ones take. */
export const isOpenModel = (executor: string): boolean => executor.endsWith('-arrival-rate');

export class Collector {
  readonly errors = new Tally();
  readonly #options: CollectorOptions;
  readonly #opening = new Opening((point) => this.#point(point));
  readonly #seconds: SecondSeries;
  readonly #selectors = new Map<string, Selector[]>();
  readonly #kinds = new Map<string, { kind: MetricKind; time: boolean }>();
  readonly #sinks = new Map<string, Sink>();
  readonly #scenarios = new Map<string, Scenario>();
  readonly #checks = new Map<string, Check>();
  #lastMs = 0;
  /** Number of lines that were not samples. */
  unreadable = 0;
  requests = 0;
  failed = 0;

  /** @throws Error when a threshold's metric name is malformed */
  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#seconds = new SecondSeries(
      options.scenarios.some(({ executor }) => isOpenModel(executor)),
      options.second,
    );
    for (const key of options.thresholds) {
      const selector = selectorOf(key);
      if (selector.tags.length === 0) continue;
      const known = this.#selectors.get(selector.metric);
      if (known === undefined) this.#selectors.set(selector.metric, [selector]);
      else known.push(selector);
    }
    for (const { name, executor } of options.scenarios)
      this.#scenarios.set(name, {
        name,
        executor,
        iterations: 0,
        interrupted: 0,
        dropped: 0,
        offered: isOpenModel(executor) ? 0 : null,
      });
  }

  /** Takes one line of k6's sample output. */
  line(text: string): void {
    const line = pointOf(text);
    if (line === null) this.unreadable++;
    else if (line.type === 'Metric') this.#kinds.set(line.metric, { kind: line.kind, time: line.time });
    else this.#opening.take(line);
  }

  /** To be called after the last line. */
  end(): void {
    this.#opening.end();
  }

  /** When the load began, ms since 1970; null: there were no samples. */
  get beganMs(): number | null {
    return this.#opening.beganMs;
  }

  /** From the beginning of the load to the last sample, ms. */
  get durationMs(): number {
    return Math.max(0, this.#lastMs - (this.beganMs ?? this.#lastMs));
  }

  metrics(durationMs: number): Record<string, LoadMetric> {
    return Object.fromEntries(
      [...this.#sinks]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([key, sink]) => [key, sink.metric(durationMs)]),
    );
  }

  checks(): Check[] {
    return [...this.#checks.values()];
  }

  seconds(): LoadSecond[] {
    return this.#seconds.all();
  }

  /**
   * @param interrupted total of interrupted iterations. k6 does not report them by scenario, so they are assigned only if there is one
   *   scenario
   */
  scenarios(interrupted: number): Scenario[] {
    const all = [...this.#scenarios.values()];
    const only = all.length === 1 ? interrupted : 0;
    return all.map((each) => ({
      ...each,
      interrupted: only,
      // Each due iteration is either started or dropped.
      offered: each.offered === null ? null : each.iterations + each.dropped + only,
    }));
  }

  #point(point: PointLine): void {
    if (point.timeMs > this.#lastMs) this.#lastMs = point.timeMs;
    this.#sample(point.metric, point.metric, point.value);
    for (const selector of this.#selectors.get(point.metric) ?? [])
      if (selects(selector, point.tags)) this.#sample(selector.key, point.metric, point.value);
    const atMs = point.timeMs - (this.beganMs ?? point.timeMs);
    this.#builtIn(point, atMs);
    this.#seconds.seen(this.#lastMs - (this.beganMs ?? this.#lastMs));
  }

  #sample(key: string, metric: string, value: number): void {
    let sink = this.#sinks.get(key);
    if (sink === undefined) {
      const { kind, time } = this.#kinds.get(metric) ?? { kind: 'trend', time: false };
      sink = sinkOf(kind, time);
      this.#sinks.set(key, sink);
    }
    sink.add(value);
  }

  #builtIn(point: PointLine, atMs: number): void {
    switch (point.metric) {
      case 'http_reqs':
        this.requests += point.value;
        this.#seconds.add(atMs, 'requests', point.value);
        break;
      case 'http_req_duration':
        this.#seconds.latency(atMs, point.value);
        break;
      case 'http_req_failed':
        if (point.value !== 0) this.#failure(point, atMs);
        break;
      case 'iterations':
        this.#seconds.add(atMs, 'iterations', point.value);
        this.#scenario(point).iterations += point.value;
        break;
      case 'iteration_duration':
        this.#begun(point, atMs - point.value);
        break;
      case 'dropped_iterations':
        this.#dropped(point, atMs);
        break;
      case 'vus':
        this.#seconds.vus(atMs, point.value);
        break;
      case 'checks':
        this.#check(point, atMs);
    }
  }

  #failure({ tags }: PointLine, atMs: number): void {
    this.failed++;
    this.#seconds.add(atMs, 'failed');
    const { error, error_code: code, status } = tags;
    const text = error === undefined || error === '' ? `status ${status ?? 'unknown'}` : error;
    this.errors.add(this.#options.redact(code === undefined ? text : `${code}: ${text}`));
  }

  #begun(point: PointLine, atMs: number): void {
    this.#seconds.add(atMs, 'started');
    if (this.#scenario(point).offered !== null) this.#seconds.add(atMs, 'offered');
  }

  #dropped(point: PointLine, atMs: number): void {
    const scenario = this.#scenario(point);
    scenario.dropped += point.value;
    this.#seconds.add(atMs, 'dropped', point.value);
    if (scenario.offered !== null) this.#seconds.add(atMs, 'offered', point.value);
  }

  #scenario({ tags }: PointLine): Scenario {
    const name = tags.scenario ?? 'default';
    const known = this.#scenarios.get(name);
    if (known !== undefined) return known;
    const made: Scenario = {
      name,
      executor: 'unknown',
      offered: null,
      iterations: 0,
      interrupted: 0,
      dropped: 0,
    };
    this.#scenarios.set(name, made);
    return made;
  }

  #check({ tags, value }: PointLine, atMs: number): void {
    const name = this.#options.redact(tags.check ?? '');
    const group = tags.group ?? '';
    const key = `${group}\n${name}`;
    const check = this.#checks.get(key) ?? { name, group, passes: 0, fails: 0 };
    this.#checks.set(key, check);
    if (value === 0) check.fails++;
    else check.passes++;
    this.#seconds.add(atMs, value === 0 ? 'bad' : 'good');
  }
}
