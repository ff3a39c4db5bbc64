import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { monoMs } from '../../../../probes/clock.ts';
import { SharedFiles } from '../api/files.ts';
import { newCounts } from '../api/thread.ts';
import type { LogLevel, Thread } from '../api/thread.ts';
import { onUnsupported } from '../api/unsupported.ts';
import { Vu } from '../api/vu.ts';
import type { ScenarioState } from '../api/vu.ts';
import { scenarioRun } from '../executors/index.ts';
import { scriptStack, VuRunner } from '../executors/runner.ts';
import type { ScenarioRun, ScenarioTotals } from '../executors/scenario-run.ts';
import { Deadlines } from '../http/deadlines.ts';
import { Names } from '../http/names.ts';
import { Histogram } from '../metrics/histogram.ts';
import { MetricRegistry } from '../metrics/registry.ts';
import { vusOf } from '../options/scenario.ts';
import type { RunOptions } from '../options/scenario.ts';
import { CompiledScript } from '../script/evaluate.ts';
import type { Exports } from '../script/evaluate.ts';
import { RepeatedLog } from './log.ts';
import type {
  FromThread,
  Loaded,
  Operations,
  OperationName,
  Plan,
  StopOrder,
  ThreadData,
  Told,
} from './protocol.ts';

type Handlers = {
  [Name in OperationName]: (
    ask: Operations[Name]['ask'],
  ) => Operations[Name]['answer'] | Promise<Operations[Name]['answer']>;
};

/** One thread of a load: its VUs, its metrics, its part of every scenario. */
export class LoadThread implements Thread {
  readonly registry = new MetricRegistry();
  readonly counts = newCounts();
  readonly variables: Readonly<Record<string, string>>;
  network: Thread['network'];
  options: RunOptions;
  rawOptions: unknown = null;
  startMs = 0;
  readonly #data: ThreadData;
  readonly #sent: Int32Array;
  readonly #say: (message: FromThread) => void;
  readonly #script: CompiledScript;
  readonly #log: RepeatedLog;
  readonly #latency = new Histogram();
  #runs: ScenarioRun[] = [];
  #main!: { vu: Vu; exports: Exports };
  #setupData: string | null = null;
  #second = 0;
  #secureContext: SecureContext | null = null;
  #nextRequestMs = 0;
  #rpsSpacingMs = 0;
  #recruited = 0;

  constructor(data: ThreadData, say: (message: FromThread) => void) {
    this.#data = data;
    this.#say = say;
    this.#sent = new Int32Array(data.sent);
    this.variables = data.variables;
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
  }

  readonly handlers: Handlers = {
    load: () => this.#load(),
    prepare: (plan) => this.#prepare(plan),
    setup: () => this.#setup(),
    run: ({ startMs, data }) => this.#run(startMs, data),
    teardown: (data) => this.#teardown(data),
    summary: (data) => this.#summary(data),
  };

  stop({ stop }: StopOrder): void {
    for (const run of this.#runs)
      if (stop === 'now') run.interrupt();
      else run.stop();
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

  /** Made when TLS is first spoken: reading the authorities takes longer than the rest of a thread's start. */
  #context(): SecureContext {
    const { ca } = this.#data;
    const own = ca === null ? [] : [ca];
    if (this.#secureContext !== null) return this.#secureContext;
    const all = new Set([...getCACertificates('default'), ...getCACertificates('system'), ...own]);
    return (this.#secureContext = createSecureContext({ ca: [...all] }));
  }

  #load(): Loaded {
    const vu = new Vu(this, 0, 0);
    this.#main = { vu, exports: this.#script.evaluate(vu) };
    const { options } = this.#main.exports;
    return {
      options: options === undefined ? null : JSON.stringify(options),
      functions: Object.keys(this.#main.exports).filter(
        (name) => typeof this.#main.exports[name] === 'function',
      ),
      metrics: this.registry.specs(),
    };
  }

  #prepare({ options, rawOptions, segment }: Plan): null {
    this.options = options.shared;
    this.rawOptions = rawOptions === null ? {} : JSON.parse(rawOptions);
    const { hosts, insecureSkipTLSVerify, noConnectionReuse, rps } = options.shared;
    this.#rpsSpacingMs = rps > 0 ? (1000 * segment.count) / rps : 0;
    // The VU that was there before the options keeps this object: it is filled in, not replaced.
    Object.assign(this.network, {
      names: new Names({ ...hosts, ...this.#data.hosts }),
      trust: { ...this.network.trust, verify: !insecureSkipTLSVerify },
      noReuse: noConnectionReuse,
    });
    this.registry.addSubMetrics(new Set(options.thresholds.map(({ metric }) => metric)));
    let before = 0;
    this.#runs = options.scenarios.map((spec) => {
      const first = before;
      let made = 0;
      before += vusOf(spec);
      return scenarioRun(spec, {
        segment,
        dropped: (state) => this.#dropped(state),
        recruit: (listener) => {
          const id = first + made++ * segment.count + segment.index + 1;
          const vu = new Vu(this, id, ++this.#recruited);
          this.counts.vus++;
          return new VuRunner(vu, this.#script.evaluate(vu), { data: this.#setupData, listener });
        },
      });
    });
    return null;
  }

  #dropped(state: ScenarioState): void {
    this.counts.dropped++;
    const tags = { tag: (name: string) => (name === 'scenario' ? state.spec.name : state.spec.tags[name]) };
    this.registry.built.dropped_iterations.add(1, tags);
  }

  async #setup(): Promise<string | null> {
    const { setup } = this.#main.exports;
    if (typeof setup !== 'function') return null;
    this.#main.vu.group = '::setup';
    const data = await this.#hook('setup', this.options.setupTimeout, () => (setup as () => unknown)());
    this.#tell(null);
    return data === undefined ? null : JSON.stringify(data);
  }

  async #teardown(data: string | null): Promise<null> {
    const { teardown } = this.#main.exports;
    if (typeof teardown !== 'function') return null;
    this.#main.vu.group = '::teardown';
    const given: unknown = data === null ? undefined : JSON.parse(data);
    await this.#hook('teardown', this.options.teardownTimeout, () =>
      (teardown as (data: unknown) => unknown)(given),
    );
    this.#tell(null);
    return null;
  }

  async #hook(name: string, timeoutMs: number, call: () => unknown): Promise<unknown> {
    const { vu } = this.#main;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        vu.interrupt();
        reject(new Error(`${name}() did not end within ${timeoutMs} ms (option ${name}Timeout)`));
      }, timeoutMs);
    });
    try {
      return await Promise.race([Promise.resolve().then(call), late]);
    } catch (error) {
      throw new Error(`${name}() failed: ${textOf(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
      vu.flushData();
    }
  }

  async #run(startMs: number, data: string | null): Promise<ScenarioTotals[]> {
    this.#setupData = data;
    for (const run of this.#runs) run.prepare();
    this.startMs = performance.now() + startMs - monoMs();
    const timer = this.#everySecond();
    await Promise.all(this.#runs.map((run) => run.run(this.startMs)));
    timer.stop();
    this.#tell(this.#second);
    return this.#runs.map(({ totals }) => totals);
  }

  /** Tells of each second when it is over. */
  #everySecond(): { stop(): void } {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const dueMs = this.startMs + (this.#second + 1) * 1000;
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
    const { started, dropped, iterations, requests, failed, busy, vus } = counts;
    const told: Told = {
      ...{ second, started, dropped, iterations, requests, failed, busy, vus },
      latency: this.#latency.take(),
      metrics: this.registry.take(),
      errors: [...counts.errors],
      checks: [...counts.checks.values()],
    };
    this.#say({ type: 'told', told });
    Object.assign(counts, { started: 0, dropped: 0, iterations: 0, requests: 0, failed: 0 });
    counts.errors.clear();
    counts.checks.clear();
    if (second !== null) this.#second = second + 1;
  }

  async #summary(data: string): Promise<Record<string, string>> {
    const { handleSummary } = this.#main.exports;
    if (typeof handleSummary !== 'function') return {};
    const summary = handleSummary as (data: unknown) => unknown;
    const made = await this.#hook('handleSummary', SUMMARY_TIMEOUT_MS, () => summary(JSON.parse(data)));
    if (typeof made !== 'object' || made === null) return {};
    return Object.fromEntries(Object.entries(made).map(([name, content]) => [name, contentOf(content)]));
  }
}

/** k6: "handleSummary() execution timed out after 2 minutes". */
const SUMMARY_TIMEOUT_MS = 120_000;

function contentOf(content: unknown): string {
  return content instanceof ArrayBuffer ? Buffer.from(content).toString('latin1') : String(content);
}

/** Message and place: the first line of the stack that is the script's. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return scriptStack(error.stack ?? error.message)
    .split('\n')
    .slice(0, 3)
    .join(' ')
    .replace(/\s+/g, ' ');
}
