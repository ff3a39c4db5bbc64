import { HttpClient } from '../http/client.ts';
import type { Tags } from '../metrics/metric.ts';
import type { NamedScenario } from '../options/scenario.ts';
import { CookieJar } from './http/cookies.ts';
import { isSystemTagOn, tagsOfScenario } from './tags.ts';
import type { Thread } from './thread.ts';

export type StatusTest = (status: number) => boolean;

/** k6's default response callback: 2xx and 3xx are expected. */
export const EXPECTED: StatusTest = (status) => status >= 200 && status < 400;

/** The scenario that a VU works for, and its state in the executor. */
export interface ScenarioState {
  spec: NamedScenario;
  /** Start of the scenario, ms of the thread's clock. */
  startMs: number;
  /** 0 to 1. */
  progress(): number;
}

/** One virtual user: what its script may see and change. */
export class Vu implements Tags {
  readonly thread: Thread;
  /** From 1, unique over all threads; 0 for the first load of the script, setup, teardown and handleSummary. */
  readonly id: number;
  readonly client: HttpClient;
  /** The script is being loaded: it may create metrics and open files, but not send requests. */
  initialising = true;
  /** `__ITER`. */
  iteration = 0;
  /** Number of this iteration among all iterations of the scenario, from 0. */
  iterationInTest = 0;
  env: Record<string, string>;
  /** The scenario that it works for; null: none, and the next one to be assigned applies its settings. */
  scenario: ScenarioState | null = null;
  /** `exec.vu.tags`: the tags of every sample, including system tags. */
  tags: Record<string, string>;
  responseCallback: StatusTest | null = EXPECTED;
  jar = new CookieJar();
  /** How late this iteration began, ms. Its first request adds that to its latency and resets it. */
  latenessMs = 0;
  bytesSent = 0;
  bytesReceived = 0;
  /** Requests of `asyncRequest` without an answer yet. */
  pending = 0;
  whenIdle: (() => void) | null = null;
  /** Incremented by an interruption: results of an earlier epoch are ignored. */
  epoch = 0;
  /** Whether the iteration has awaited anything, which let other VUs run. */
  waited = false;
  /** Number of iterations begun, by scenario. */
  readonly #begun = new Map<string, number>();

  constructor(thread: Thread, id: number) {
    this.thread = thread;
    this.id = id;
    this.client = new HttpClient(thread.network);
    this.env = { ...thread.variables };
    this.tags = tagsOfScenario(thread.options, null);
  }

  /** Applies a scenario's settings to the iterations that follow. */
  assign(scenario: ScenarioState): void {
    if (this.scenario === scenario) return;
    this.scenario = scenario;
    this.env = Object.assign({ ...this.thread.variables }, scenario.spec.env);
    this.tags = tagsOfScenario(this.thread.options, scenario.spec);
  }

  beginIteration(latenessMs: number): void {
    const name = this.scenario?.spec.name ?? '';
    this.#begun.set(name, (this.#begun.get(name) ?? 0) + 1);
    this.latenessMs = latenessMs;
    this.waited = false;
    if (this.jar.used) this.jar = new CookieJar();
  }

  endIteration(): void {
    this.iteration++;
    if (this.thread.options.noVUConnectionReuse) this.client.close();
  }

  get iterationInScenario(): number {
    return Math.max(0, (this.#begun.get(this.scenario?.spec.name ?? '') ?? 0) - 1);
  }

  /** `::outer::inner`. As in k6, it is the tag `group`, and there are no groups where that tag is off. */
  get group(): string {
    return this.tags['group'] ?? '';
  }

  set group(path: string) {
    if (isSystemTagOn(this.thread.options, 'group')) this.tags['group'] = path;
  }

  /** Abandons everything that the iteration awaits, so that its code never continues. */
  interrupt(): void {
    this.epoch++;
    this.pending = 0;
    this.whenIdle = null;
    this.client.close();
  }

  tag(name: string): string | undefined {
    return this.tags[name];
  }

  /** Records the bytes since the last call, even if there were none: k6 always has these metrics. */
  flushData(): void {
    const { data_sent: sent, data_received: received } = this.thread.registry.built;
    sent.add(this.bytesSent, this);
    received.add(this.bytesReceived, this);
    this.bytesSent = this.bytesReceived = 0;
  }
}
