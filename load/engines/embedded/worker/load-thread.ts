import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { monoMs } from '../../../../host/clock.ts';
import { deepFreeze } from '../api/deep-freeze.ts';
import { TestAborted } from '../api/execution.ts';
import { SharedFiles } from '../api/files.ts';
import { countError, newCounts } from '../api/thread.ts';
import type { LogLevel, Thread } from '../api/thread.ts';
import { onUnsupported } from '../api/unsupported.ts';
import { Vu } from '../api/vu.ts';
import { Board } from '../executors/board.ts';
import type { ScenarioTotals } from '../executors/scenario-run.ts';
import { Deadlines } from '../http/deadlines.ts';
import { Names } from '../http/names.ts';
import { Histogram } from '../metrics/histogram.ts';
import { MetricRegistry } from '../metrics/registry.ts';
import type { RunOptions } from '../options/scenario.ts';
import { CompiledScript } from '../script/evaluate.ts';
import { Crews } from './crew.ts';
import { Hooks, textOf } from './hooks.ts';
import { RepeatedLog } from './log.ts';
import type {
  FromThread,
  Loaded,
  Operations,
  OperationName,
  Plan,
  RenewOrder,
  StopOrder,
  ThreadData,
  Told,
} from './protocol.ts';
import { errorText } from '../../../../reports/record/error-text.ts';

type Handlers = {
  [Name in OperationName]: (
    ask: Operations[Name]['ask'],
  ) => Operations[Name]['answer'] | Promise<Operations[Name]['answer']>;
};

/** One thread of a load: its VUs, its metrics and its share of every scenario. */
export class LoadThread implements Thread {
  readonly registry = new MetricRegistry();
  readonly counts = newCounts();
  readonly variables: Record<string, string>;
  network: Thread['network'];
  options: RunOptions;
  toldOptions: unknown = null;
  board = new Board(0, 1);
  setupData: string | null = null;
  testStartMs = 0;
  readonly #data: ThreadData;
  readonly #sent: Int32Array;
  readonly #say: (message: FromThread) => void;
  readonly #script: CompiledScript;
  readonly #log: RepeatedLog;
  readonly #latency = new Histogram();
  readonly #hooks: Hooks;
  #crews: Crews | null = null;
  #startMs = 0;
  #second = 0;
  #secureContext: SecureContext | null = null;
  #nextRequestMs = 0;
  #rpsSpacingMs = 0;

  constructor(data: ThreadData, say: (message: FromThread) => void) {
    this.#data = data;
    this.#say = say;
    this.#sent = new Int32Array(data.sent);
    this.variables = { ...data.variables };
    this.options = data.defaults;
    this.#log = new RepeatedLog((level, text) => say({ type: 'log', level, text }));
    this.network = {
      names: new Names(data.hosts),
      trust: { context: () => this.#context(), verify: true },
      deadlines: new Deadlines(),
      noReuse: false,
    };
    onUnsupported((error) => say({ type: 'unsupported', reason: textOf(error) }));
    this.#script = new CompiledScript(data.bundle, new SharedFiles());
    this.#hooks = new Hooks(this, this.#script);
  }

  readonly handlers: Handlers = {
    load: () => this.#load(),
    prepare: (plan) => this.#prepare(plan),
    recruit: () => this.#recruit(),
    setup: ({ testStartMs }) => this.#setup(testStartMs),
    run: (ask) => this.#run(ask),
    teardown: (data) => this.#teardown(data),
    summary: (data) => this.#hooks.summary(data),
  };

  stop({ stop }: StopOrder): void {
    for (const run of this.#crews?.runs ?? [])
      if (stop === 'now') run.abort();
      else run.stop();
    if (stop === 'now') this.#hooks.interrupt('the load was ended');
  }

  /** Requests that follow, of every VU, see the new values. */
  renew({ renew }: RenewOrder): void {
    Object.assign(this.variables, renew);
    this.#crews?.renew(renew);
  }

  /** A promise of the script was rejected without a handler. It is logged and counted as an error; the iteration continues. */
  rejected(reason: unknown): void {
    if (reason instanceof TestAborted) return;
    countError(this.counts, errorText(reason));
    this.log('error', `unhandled promise rejection: ${textOf(reason)}`);
  }

  log(level: LogLevel, text: string): void {
    this.#log.say(level, text);
  }

  latency(ms: number): void {
    this.#latency.add(ms);
  }

  abort(reason: string): void {
    this.#say({ type: 'abort', reason });
  }

  takeRequest(): boolean {
    if (Atomics.add(this.#sent, 0, 1) < this.#data.maxRequests) return true;
    this.abort(`the load reached its limit of ${this.#data.maxRequests} requests`);
    return false;
  }

  rpsDelayMs(): number {
    if (this.#rpsSpacingMs === 0) return 0;
    const now = performance.now();
    const at = Math.max(now, this.#nextRequestMs);
    this.#nextRequestMs = at + this.#rpsSpacingMs;
    return at - now;
  }

  /** Made at the first use of TLS, since reading the certificate authorities takes longer than the rest of a thread's start. */
  #context(): SecureContext {
    const { ca, client } = this.#data;
    const own = ca === null ? [] : [ca];
    if (this.#secureContext !== null) return this.#secureContext;
    const all = new Set([...getCACertificates('default'), ...getCACertificates('system'), ...own]);
    return (this.#secureContext = createSecureContext({
      ca: [...all],
      allowPartialTrustChain: true, // as k6 does
      ...(client !== null && { cert: client.certificate, key: client.key }),
    }));
  }

  #load(): Loaded {
    const exports = this.#script.evaluate(new Vu(this, 0));
    const { options } = exports;
    return {
      options: options === undefined ? null : JSON.stringify(options),
      functions: Object.keys(exports).filter((name) => typeof exports[name] === 'function'),
      metrics: this.registry.specs(),
    };
  }

  #prepare(plan: Plan): null {
    const { options, segment } = plan;
    this.options = options.shared;
    this.toldOptions = deepFreeze(JSON.parse(plan.toldOptions));
    this.board = new Board(options.scenarios.length, segment.count, plan.board);
    const { hosts, insecureSkipTLSVerify, noConnectionReuse, rps } = options.shared;
    this.#rpsSpacingMs = rps > 0 ? (1000 * segment.count) / rps : 0;
    this.network = {
      names: new Names({ ...hosts, ...this.#data.hosts }),
      trust: { ...this.network.trust, verify: !insecureSkipTLSVerify },
      deadlines: this.network.deadlines,
      noReuse: noConnectionReuse,
    };
    this.registry.addSubMetrics(new Set(options.thresholds.map(({ metric }) => metric)));
    this.#crews = new Crews(this, this.#script, plan);
    return null;
  }

  #recruit(): null {
    this.#crews?.recruit();
    return null;
  }

  async #setup(testStartMs: number): Promise<string | null> {
    this.testStartMs = performance.now() + testStartMs - monoMs();
    return await this.#telling(this.#hooks.setup());
  }

  async #teardown(data: string | null): Promise<null> {
    await this.#telling(this.#hooks.teardown(data));
    return null;
  }

  /** Sends metrics every second during setup and teardown too, since thresholds are judged then as well. */
  async #telling<Result>(hook: Promise<Result>): Promise<Result> {
    const timer = setInterval(() => this.#tell(null), 1000);
    try {
      return await hook;
    } finally {
      clearInterval(timer);
      this.#tell(null);
    }
  }

  async #run({ startMs, testStartMs, data }: Operations['run']['ask']): Promise<ScenarioTotals[]> {
    const offsetMs = performance.now() - monoMs();
    this.setupData = data;
    this.#startMs = startMs + offsetMs;
    this.testStartMs = testStartMs + offsetMs;
    const runs = this.#crews?.runs ?? [];
    const timer = this.#everySecond();
    await Promise.all(runs.map((run) => run.run(this.#startMs)));
    timer.stop();
    this.#tell(this.#second);
    return runs.map(({ totals }) => totals);
  }

  /** Sends the counts of each second when it is over. */
  #everySecond(): { stop(): void } {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const dueMs = this.#startMs + (this.#second + 1) * 1000;
      timer = setTimeout(
        () => {
          if (performance.now() >= dueMs) this.#tell(this.#second);
          arm();
        },
        Math.max(1, Math.ceil(dueMs - performance.now())),
      );
    };
    arm();
    return { stop: () => clearTimeout(timer) };
  }

  #tell(second: number | null): void {
    const { counts } = this;
    const { started, dropped, iterations, requests, failed, good, bad, busy } = counts;
    const told: Told = {
      second,
      started,
      dropped,
      iterations,
      requests,
      failed,
      good,
      bad,
      busy,
      latency: this.#latency.take(),
      metrics: this.registry.take(),
      errors: [...counts.errors],
      checks: [...counts.checks.values()],
    };
    this.#say({ type: 'told', told });
    const none = { started: 0, dropped: 0, iterations: 0, requests: 0, failed: 0, good: 0, bad: 0 };
    Object.assign(counts, none);
    counts.errors.clear();
    counts.checks.clear();
    if (second !== null) this.#second = second + 1;
  }
}
