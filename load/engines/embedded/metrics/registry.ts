import { Metric } from './metric.ts';
import type { MetricSpec, SinkPart } from './metric.ts';
import { parseMetricName } from './name.ts';

/** k6's built-in metrics (its documentation, "Built-in metrics"), and `plumbline_latency`, measured from the intended start. */
const BUILT_IN = {
  vus: ['gauge', 'default'],
  vus_max: ['gauge', 'default'],
  iterations: ['counter', 'default'],
  iteration_duration: ['trend', 'time'],
  dropped_iterations: ['counter', 'default'],
  checks: ['rate', 'default'],
  group_duration: ['trend', 'time'],
  http_reqs: ['counter', 'default'],
  http_req_failed: ['rate', 'default'],
  http_req_duration: ['trend', 'time'],
  http_req_blocked: ['trend', 'time'],
  http_req_connecting: ['trend', 'time'],
  http_req_tls_handshaking: ['trend', 'time'],
  http_req_sending: ['trend', 'time'],
  http_req_waiting: ['trend', 'time'],
  http_req_receiving: ['trend', 'time'],
  data_sent: ['counter', 'data'],
  data_received: ['counter', 'data'],
  plumbline_latency: ['trend', 'time'],
} as const;

export type BuiltInName = keyof typeof BUILT_IN;

export const BUILT_IN_METRICS: readonly MetricSpec[] = Object.entries(BUILT_IN).map(
  ([name, [type, contains]]) => ({ name, type, contains }),
);

/** k6: letters, digits and underscores, at most 128, not beginning with a digit. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** The metrics of one thread: k6's built-in ones and the script's. All VUs of the thread share them. */
export class MetricRegistry {
  readonly #metrics = new Map<string, Metric>();
  #tagged = false;
  readonly built: Readonly<Record<BuiltInName, Metric>>;

  constructor() {
    for (const spec of BUILT_IN_METRICS) this.#metrics.set(spec.name, new Metric(spec));
    this.built = Object.fromEntries(this.#metrics) as Record<BuiltInName, Metric>;
  }

  /**
   * A metric of the script. Every VU that creates it gets the same one.
   * @throws Error for a name that k6 does not allow, or that a metric of another type has
   */
  custom(spec: MetricSpec): Metric {
    if (!NAME.test(spec.name))
      throw new Error(
        `invalid metric name ${JSON.stringify(spec.name)}: letters, digits and _ only, at most 128`,
      );
    const known = this.#metrics.get(spec.name);
    if (known !== undefined) {
      const { type, contains } = known.spec;
      if (type !== spec.type || contains !== spec.contains)
        throw new Error(`metric '${spec.name}' already exists but with type ${type} instead of ${spec.type}`);
      return known;
    }
    const made = new Metric(spec);
    this.#metrics.set(spec.name, made);
    return made;
  }

  /** Whether any threshold names tags. */
  get tagged(): boolean {
    return this.#tagged;
  }

  specs(): MetricSpec[] {
    return [...this.#metrics.values()].map(({ spec }) => spec);
  }

  /** Adds a sub-metric for each name with tags. Names of metrics that this thread does not have are ignored. */
  addSubMetrics(names: Iterable<string>): void {
    for (const full of names) {
      const { name, tags } = parseMetricName(full);
      const metric = tags.length > 0 ? this.#metrics.get(name) : undefined;
      metric?.addSub(full, tags);
      this.#tagged ||= metric !== undefined;
    }
  }

  /** What was added since the last call, by metric and sub-metric. */
  take(): [name: string, part: SinkPart][] {
    return [...this.#metrics.values()].flatMap((one) => [...one.take()]);
  }
}
