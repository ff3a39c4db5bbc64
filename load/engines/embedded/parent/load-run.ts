import { readFileSync, writeFileSync } from 'node:fs';
import { monoMs } from '../../../../probes/clock.ts';
import { LOAD_RESULT_SCHEMA } from '../../../../reports/record/load-result.ts';
import type { LoadResult } from '../../../../reports/record/load-result.ts';
import { ENOUGH } from '../../engine.ts';
import type { LoadListener, LoadRequest } from '../../engine.ts';
import type { ScenarioTotals } from '../executors/scenario-run.ts';
import { endOfScenario } from '../options/scenario.ts';
import type { LoadOptions } from '../options/scenario.ts';
import { defaultOptions } from '../options/options.ts';
import { bundleScript } from '../script/bundle.ts';
import type { Bundle } from '../script/bundle.ts';
import { Thresholds } from '../thresholds/thresholds.ts';
import type { Loaded, ThreadData, Told } from '../worker/protocol.ts';
import { offeredBy, offeredOf, planOptions, threadsFor } from './plan.ts';
import { Seconds } from './seconds.ts';
import { summaryData } from './summary.ts';
import { Tally } from './tally.ts';
import { ThreadHandle } from './thread-handle.ts';

export interface EngineSettings {
  version: string;
  /** Fixed number of threads; undefined: what the load needs. */
  threads?: number | undefined;
  /** Heap of a thread, MiB. */
  memoryMb?: number | undefined;
}

type Outcome = Pick<LoadResult, 'outcome' | 'reason'>;

const INTERRUPTED: Outcome = { outcome: 'interrupted', reason: 'interrupted from outside' };
/** It was told to stop after it had begun, by whoever had seen enough. */
const PLANNED: Outcome = { outcome: 'completed', reason: '' };
const STOPPED: ReadonlySet<unknown> = new Set([INTERRUPTED.outcome, PLANNED.outcome]);

/** k6 judges thresholds with `abortOnFail` every two seconds. */
const THRESHOLD_EVERY_MS = 2000;
/** Between "everything has ended" by the schedule and a thread that does not say so: its script spins, or it is stuck. */
const THREAD_GRACE_MS = 10_000;
/** From the moment all threads are ready to the first iteration, so that the order reaches all of them before. */
const START_DELAY_MS = 20;

/** One load, from the script to the result. */
export class LoadRun {
  readonly #request: LoadRequest;
  readonly #listener: LoadListener;
  readonly #settings: EngineSettings;
  readonly #signal: AbortSignal;
  readonly #tally = new Tally();
  readonly #threads: ThreadHandle[] = [];
  readonly #startedAt = new Date();
  readonly #sent = new SharedArrayBuffer(4);
  #seconds = new Seconds(
    () => null,
    () => undefined,
  );
  #options: LoadOptions | null = null;
  #thresholds: Thresholds | null = null;
  readonly #scenarios = new Map<string, ScenarioTotals>();
  /** The first reason why it did not end by itself. */
  #outcome: Outcome | null = null;
  #startMs: number | null = null;
  #durationMs = 0;

  constructor(
    request: LoadRequest,
    listener: LoadListener,
    { settings, signal }: { settings: EngineSettings; signal: AbortSignal },
  ) {
    this.#request = request;
    this.#listener = listener;
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Never rejects. */
  async run(): Promise<LoadResult> {
    const onAbort = (): void =>
      this.#end(
        this.#signal.reason === ENOUGH && this.#startMs !== null ? PLANNED : INTERRUPTED,
        'gracefully',
      );
    this.#signal.addEventListener('abort', onAbort);
    try {
      if (this.#signal.aborted) onAbort();
      else await this.#perform();
    } catch (error) {
      this.#end({ outcome: 'failed', reason: (error as Error).message }, 'now');
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
      await Promise.all(this.#threads.map((one) => one.end('the load is over')));
    }
    return this.#result();
  }

  async #perform(): Promise<void> {
    const bundle = bundleScript(this.#request.script);
    const data = this.#threadData(bundle);
    const first = this.#thread(data);
    const loaded = await first.ask('load', null);
    const options = this.#plan(loaded);
    const count = Math.max(1, this.#settings.threads ?? threadsFor(options.scenarios));
    while (this.#threads.length < count) this.#thread(data);
    await Promise.all(
      this.#threads.map(async (one, index) => {
        if (one !== first) await one.ask('load', null);
        await one.ask('prepare', { options, rawOptions: loaded.options, segment: { index, count } });
      }),
    );
    const setup = await first.ask('setup', null);
    if (!this.#hasEnded()) await this.#load(options, setup);
    await this.#afterwards(first, { options, setup });
  }

  #hasEnded(): boolean {
    return this.#outcome !== null;
  }

  #threadData(bundle: Bundle): ThreadData {
    const { variables, ca, hosts, limits } = this.#request;
    return {
      ...{ bundle, variables, defaults: defaultOptions() },
      ca: ca ?? null,
      hosts: hosts ?? {},
      sent: this.#sent,
      maxRequests: limits.requests,
    };
  }

  #thread(data: ThreadData): ThreadHandle {
    const listener = {
      told: (thread: ThreadHandle, told: Told) => this.#told(thread, told),
      log: (level: 'debug' | 'info' | 'warn' | 'error', text: string) => this.#listener.log?.(level, text),
      abort: (reason: string) => this.#end({ outcome: 'aborted', reason }, 'now'),
      unsupported: (reason: string) => this.#end({ outcome: 'failed', reason }, 'now'),
    };
    const made = new ThreadHandle(data, listener, this.#settings.memoryMb);
    this.#threads.push(made);
    return made;
  }

  #plan(loaded: Loaded): LoadOptions {
    const options = planOptions(loaded, this.#request);
    this.#options = options;
    this.#tally.metrics.declare(loaded.metrics);
    this.#thresholds = new Thresholds(options.thresholds, this.#tally.metrics);
    const offered = offeredBy(options.scenarios);
    this.#seconds = new Seconds(
      (from, to) =>
        offered.length === 0 ? null : offered.reduce((sum, one) => sum + one(to) - one(from), 0),
      (second) => this.#listener.second?.(second),
    );
    return options;
  }

  async #load(options: LoadOptions, data: string | null): Promise<void> {
    const startMs = monoMs() + START_DELAY_MS;
    this.#startMs = startMs;
    const { durationMs } = this.#request.limits;
    const lastMs = Math.min(durationMs, Math.max(...options.scenarios.map(endOfScenario)));
    const timers = [
      setTimeout(
        () =>
          this.#end({ outcome: 'aborted', reason: `the load reached its limit of ${durationMs} ms` }, 'now'),
        durationMs + START_DELAY_MS,
      ),
      setTimeout(() => void this.#endStuck(), lastMs + THREAD_GRACE_MS),
    ];
    const judging = setInterval(() => this.#judge(), THRESHOLD_EVERY_MS);
    try {
      for (const one of this.#threads) this.#seconds.join(one);
      await Promise.all(this.#threads.map((one) => this.#runThread(one, { startMs, data })));
    } finally {
      for (const one of timers) clearTimeout(one);
      clearInterval(judging);
      this.#durationMs = Math.max(0, monoMs() - startMs);
    }
  }

  async #runThread(thread: ThreadHandle, ask: { startMs: number; data: string | null }): Promise<void> {
    try {
      this.#addScenarios(await thread.ask('run', ask));
    } catch (error) {
      this.#end({ outcome: 'failed', reason: (error as Error).message }, 'now');
    } finally {
      this.#seconds.leave(thread);
    }
  }

  async #endStuck(): Promise<void> {
    const reason = `a thread of the load did not end within ${THREAD_GRACE_MS} ms after its time: the script computes without an end`;
    await Promise.all(this.#threads.map((one) => one.end(reason)));
  }

  async #afterwards(
    first: ThreadHandle,
    { options, setup }: { options: LoadOptions; setup: string | null },
  ): Promise<void> {
    if (!first.alive) return;
    const fail = (error: unknown): void =>
      this.#end({ outcome: 'failed', reason: (error as Error).message }, 'now');
    await first.ask('teardown', setup).catch(fail);
    const result = this.#result();
    const data = summaryData(result, { options, totals: this.#tally.metrics, data: setup });
    const files = await first.ask('summary', JSON.stringify(data)).catch((error: unknown) => {
      // k6 falls back to its own summary too.
      this.#listener.log?.('error', (error as Error).message);
      return {};
    });
    for (const [name, content] of Object.entries(files)) this.#write(name, content);
  }

  #write(name: string, content: string): void {
    if (name === 'stdout' || name === 'stderr') this.#listener.log?.('info', content);
    else
      try {
        writeFileSync(name, content);
      } catch (error) {
        this.#listener.log?.('error', `handleSummary: cannot write ${name}: ${(error as Error).message}`);
      }
  }

  #told(thread: ThreadHandle, told: Told): void {
    this.#tally.add(thread, told);
    if (told.second === null) return;
    this.#tally.seen(told.busy);
    this.#seconds.add(thread, told.second, told);
  }

  #judge(): void {
    const elapsedMs = monoMs() - (this.#startMs ?? monoMs());
    const reason = this.#thresholds?.abort(elapsedMs) ?? null;
    if (reason !== null) this.#end({ outcome: 'aborted', reason }, 'now');
  }

  /** The first reason stays; but a load that fails after it was told to stop has failed. */
  #end(outcome: Outcome, how: 'gracefully' | 'now'): void {
    const overrules = outcome.outcome === 'failed' && STOPPED.has(this.#outcome?.outcome);
    if (this.#outcome === null || overrules) this.#outcome = outcome;
    for (const one of this.#threads) if (one.alive) one.stop(how);
  }

  #addScenarios(totals: readonly ScenarioTotals[]): void {
    for (const { name, iterations, interrupted, dropped } of totals) {
      const known = this.#scenarios.get(name) ?? { name, iterations: 0, interrupted: 0, dropped: 0 };
      known.iterations += iterations;
      known.interrupted += interrupted;
      known.dropped += dropped;
      this.#scenarios.set(name, known);
    }
  }

  #result(): LoadResult {
    this.#seconds.close(this.#durationMs);
    const seconds = this.#durationMs / 1000;
    return {
      schema: LOAD_RESULT_SCHEMA,
      engine: { name: 'embedded', version: this.#settings.version, stubbed: false },
      script: this.#request.script,
      startedAt: this.#startedAt.toISOString(),
      durationMs: this.#durationMs,
      scenarios: this.#scenarioResults(),
      requests: this.#tally.requests,
      metrics: this.#tally.metrics.results(seconds),
      checks: this.#tally.checks(),
      thresholds: this.#thresholds?.judge(seconds) ?? [],
      seconds: this.#seconds.all,
      errors: this.#tally.errors(),
      ...(this.#outcome ?? { outcome: 'completed', reason: '' }),
    };
  }

  #scenarioResults(): LoadResult['scenarios'] {
    return (this.#options?.scenarios ?? []).map((spec) => {
      const offered = offeredOf(spec)?.(this.#durationMs) ?? null;
      const { iterations, interrupted, dropped } = this.#scenarios.get(spec.name) ?? {
        iterations: 0,
        interrupted: 0,
        dropped: 0,
      };
      return { name: spec.name, executor: spec.executor, offered, iterations, interrupted, dropped };
    });
  }
}

/** The version of the package, which is the engine's. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
