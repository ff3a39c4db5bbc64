import { HttpClient } from '../http/client.ts';
import type { Tags } from '../metrics/metric.ts';
import type { NamedScenario } from '../options/scenario.ts';
import { CookieJar } from './http/cookies.ts';
import { isSystemTagOn, tagsOfScenario } from './tags.ts';
import type { Thread } from './thread.ts';

export type StatusTest = (status: number) => boolean;

/** k6's default response callback: 2xx and 3xx are expected. */
export const EXPECTED: StatusTest = (status) => status >= 200 && status < 400;

/** Which scenario a VU works for, and what the executor knows of it. */
export interface ScenarioState {
  spec: NamedScenario;
  /** ms of the thread's clock. */
  startMs: number;
  /** 0 to 1. */
  progress(): number;
}

/** One virtual user: what its script may see and change. */
export class Vu implements Tags {
  readonly thread: Thread;
  /** From 1, over all threads; 0 for the script's first loading, setup, teardown and handleSummary. */
  readonly id: number;
  readonly client: HttpClient;
  /** The script is being loaded: metrics may be made and files opened, requests may not be sent. */
  initialising = true;
  /** `__ITER`. */
  iteration = 0;
  /** Of all iterations of the scenario, which this is, from 0. */
  iterationInTest = 0;
  env: Record<string, string>;
  /** Whom it works for; null: nobody, and the next scenario begins with its own settings. */
  scenario: ScenarioState | null = null;
  /** `exec.vu.tags`: all that samples get, with those that k6 sets itself. */
  tags: Record<string, string>;
  responseCallback: StatusTest | null = EXPECTED;
  jar = new CookieJar();
  /** Of this iteration: how late it began, ms, until its first request takes that. */
  latenessMs = 0;
  bytesSent = 0;
  bytesReceived = 0;
  /** Requests of `asyncRequest` without an answer yet. */
  pending = 0;
  whenIdle: (() => void) | null = null;
  /** Another one after an interruption: what was waited for before never comes. */
  epoch = 0;
  /** Whether the iteration has waited for anything, and so let others run. */
  waited = false;
  /** Iterations begun by scenario. */
  readonly #begun = new Map<string, number>();

  constructor(thread: Thread, id: number) {
    this.thread = thread;
    this.id = id;
    this.client = new HttpClient(thread.network);
    this.env = { ...thread.variables };
    this.tags = tagsOfScenario(thread.options, null);
  }

  /** The scenario's own settings, for the iterations that follow. */
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

  /** `::outer::inner`: k6 keeps it as a tag, and has no groups where that tag is off. */
  get group(): string {
    return this.tags['group'] ?? '';
  }

  set group(path: string) {
    if (isSystemTagOn(this.thread.options, 'group')) this.tags['group'] = path;
  }

  /** Everything that the iteration waits for is given up: its code never goes on. */
  interrupt(): void {
    this.epoch++;
    this.pending = 0;
    this.whenIdle = null;
    this.client.close();
  }

  tag(name: string): string | undefined {
    return this.tags[name];
  }

  /** Counts the bytes since the last time, none too: k6 always has these metrics. */
  flushData(): void {
    const { data_sent: sent, data_received: received } = this.thread.registry.built;
    sent.add(this.bytesSent, this);
    received.add(this.bytesReceived, this);
    this.bytesSent = this.bytesReceived = 0;
  }
}
