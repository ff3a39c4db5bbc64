import { HttpClient } from '../http/client.ts';
import type { Tags } from '../metrics/metric.ts';
import type { NamedScenario } from '../options/scenario.ts';
import { CookieJar } from './cookies.ts';
import type { Thread } from './thread.ts';

/** k6's tags of its own, and which of them are on unless `systemTags` says otherwise (its documentation, "System tags"). */
const SYSTEM_TAGS = new Set([
  ...['proto', 'subproto', 'status', 'method', 'url', 'name', 'group', 'check', 'error', 'error_code'],
  ...['tls_version', 'scenario', 'service', 'expected_response', 'vu', 'iter', 'ip', 'ocsp_status'],
]);
const OFF_BY_DEFAULT = new Set(['vu', 'iter', 'ip', 'ocsp_status']);

export type StatusTest = (status: number) => boolean;

/** k6's default response callback: 2xx and 3xx are expected. */
export const EXPECTED: StatusTest = (status) => status >= 200 && status < 400;

/** Which scenario a VU works for, and what the executor knows of it. */
export interface ScenarioState {
  spec: NamedScenario;
  /** ms of the thread's clock. */
  startMs: number;
  /** Iterations that this thread has started for it. */
  started: number;
  /** Of all threads' iterations, where this one stands. */
  inTest(started: number): number;
}

/** One virtual user: what its script may see and change. */
export class Vu implements Tags {
  readonly thread: Thread;
  /** From 1; 0 for setup, teardown and the first loading. */
  readonly id: number;
  /** From 1, among those of the thread. */
  readonly idInInstance: number;
  readonly client: HttpClient;
  /** The script is being loaded: metrics may be made and files opened, requests may not be sent. */
  initialising = true;
  /** `__ITER`. */
  iteration = 0;
  iterationInScenario = 0;
  /** Which of its thread's iterations of the scenario this is, from 0. */
  iterationOfThread = 0;
  env: Record<string, string>;
  scenario: ScenarioState | null = null;
  /** `::outer::inner`. */
  group = '';
  /** `exec.vu.tags`. */
  tags: Record<string, string> = {};
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

  constructor(thread: Thread, id: number, idInInstance: number) {
    this.thread = thread;
    this.id = id;
    this.idInInstance = idInInstance;
    this.client = new HttpClient(thread.network);
    this.env = { ...thread.variables };
  }

  /** The scenario's own settings, for the iterations that follow. */
  assign(scenario: ScenarioState): void {
    if (this.scenario === scenario) return;
    this.scenario = scenario;
    this.iterationInScenario = 0;
    this.env = Object.assign({ ...this.thread.variables }, scenario.spec.env);
    this.tags = { ...this.thread.options.tags, ...scenario.spec.tags };
  }

  beginIteration(latenessMs: number): void {
    this.latenessMs = latenessMs;
    this.group = '';
    this.waited = false;
    if (this.jar.used) this.jar = new CookieJar();
    if (this.thread.options.noVUConnectionReuse) this.client.close();
  }

  /** Everything that the iteration waits for is given up: its code never goes on. */
  interrupt(): void {
    this.epoch++;
    this.pending = 0;
    this.whenIdle = null;
    this.client.close();
  }

  tag(name: string): string | undefined {
    if (!isTagOn(this.thread, name)) return undefined;
    switch (name) {
      case 'scenario':
        return this.scenario?.spec.name ?? 'default';
      case 'group':
        return this.group;
      case 'vu':
        return String(this.id);
      case 'iter':
        return String(this.iteration);
      default:
        return this.tags[name];
    }
  }

  /** Counts the bytes since the last time. */
  flushData(): void {
    const { data_sent: sent, data_received: received } = this.thread.registry.built;
    if (this.bytesSent > 0) sent.add(this.bytesSent, this);
    if (this.bytesReceived > 0) received.add(this.bytesReceived, this);
    this.bytesSent = this.bytesReceived = 0;
  }
}

function isTagOn(thread: Thread, name: string): boolean {
  if (!SYSTEM_TAGS.has(name)) return true;
  const { systemTags } = thread.options;
  return systemTags === null ? !OFF_BY_DEFAULT.has(name) : systemTags.includes(name);
}

/** Tags given for one sample, over those of the VU. */
export class SampleTags implements Tags {
  readonly #vu: Vu;
  readonly #own: Readonly<Record<string, string>>;

  constructor(vu: Vu, own: Readonly<Record<string, string>>) {
    this.#vu = vu;
    this.#own = own;
  }

  tag(name: string): string | undefined {
    const own = this.#own[name];
    if (own === undefined) return this.#vu.tag(name);
    return isTagOn(this.#vu.thread, name) ? own : undefined;
  }
}

/** Tags as a script gives them: values become text, as in k6. */
export function tagsOf(given: unknown): Record<string, string> {
  if (typeof given !== 'object' || given === null) return {};
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
}
