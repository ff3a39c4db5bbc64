import { randomUUID } from 'node:crypto';
import { monoMs } from '../../../../host/clock.ts';
import { LOAD_RESULT_SCHEMA } from '../../../../reports/record/details/load-result.ts';
import type { LoadResult } from '../../../../reports/record/details/load-result.ts';
import { ENOUGH } from '../../engine.ts';
import type { LoadListener, LoadRequest } from '../../engine.ts';
import { endOfScenario } from '../options/scenario.ts';
import type { LoadOptions } from '../options/scenario.ts';
import { Thresholds } from '../thresholds/thresholds.ts';
import type { Loaded, Plan, ThreadData, Told } from '../worker/protocol.ts';
import { boardOf } from './board.ts';
import { INTERRUPTED, PLANNED, STOPPED } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { offeredBy, planOptions, threadsFor } from './plan.ts';
import { ScenarioSums } from './scenarios.ts';
import { Seconds } from './seconds.ts';
import { summaryData } from './summary.ts';
import { writeSummary } from './summary-files.ts';
import { Tally } from './tally.ts';
import { threadDataOf } from './thread-data.ts';
import { ThreadHandle } from './thread-handle.ts';
import { planVus } from './vu-plan.ts';

export interface EngineSettings {
  version: string;
  /** Number of threads; undefined: as many as the load needs. */
  threads?: number | undefined;
  /** Heap of a thread, MiB. */
  memoryMb?: number | undefined;
}

type Planned = Pick<Plan, 'options' | 'toldOptions'>;

/** k6 evaluates thresholds with `abortOnFail` every two seconds. */
const THRESHOLD_EVERY_MS = 2000;
/** k6 samples the number of its VUs every second. */
const VUS_EVERY_MS = 1000;
/** Grace after the end of the schedule. A thread that has not reported its end by then has a script in an endless loop. */
const THREAD_GRACE_MS = 10_000;
/** From the moment all threads are ready to the first iteration, so that all get the start message before that. */
const START_DELAY_MS = 20;
/** Iterations due within this before a stop may not have begun, since the stop message reaches the threads at about the same time. */
const UNDER_WAY_MS = 50;

/** One load, from the script to the result. */
export class LoadRun {
  readonly #request: LoadRequest;
  readonly #listener: LoadListener;
  readonly #settings: EngineSettings;
  readonly #signal: AbortSignal;
  readonly #tally = new Tally();
  readonly #threads: ThreadHandle[] = [];
  #startedAt = new Date();
  #seconds = new Seconds(
    () => null,
    () => undefined,
  );
  #options: LoadOptions | null = null;
  #thresholds: Thresholds | null = null;
  readonly #scenarios = new ScenarioSums();
  /** The first reason why the load did not end by itself; null: it did, or still runs. */
  #outcome: Outcome | null = null;
  /** When the first iteration begins, ms (CLOCK_MONOTONIC); null: not known yet. */
  #startMs: number | null = null;
  /** Duration of the load, from its first iteration to its last, without setup and teardown. */
  #durationMs = 0;
  /** When the load was asked to stop, ms from its start. No iterations count as offered after that. */
  #askedMs = Infinity;
  /** Begin (of setup) and end (of teardown) of the test: k6 computes rates over this time. */
  #testStartMs: number | null = null;
  #testEndMs: number | null = null;

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
      this.#failed(error);
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
      await Promise.all(this.#threads.map((one) => one.end('the load is over')));
    }
    return this.#result();
  }

  readonly #failed = (error: unknown): void =>
    this.#end({ outcome: 'failed', reason: (error as Error).message }, 'now');

  async #perform(): Promise<void> {
    const data = threadDataOf(this.#request);
    const first = this.#thread(data);
    const loaded = await first.ask('load', null);
    const planned = this.#plan(loaded);
    const { options } = planned;
    const count = Math.max(1, this.#settings.threads ?? threadsFor(options.scenarios));
    while (this.#threads.length < count) this.#thread(data);
    const stopWatching = await this.#prepare(first, planned);
    const setup = await this.#test(first, options).finally(stopWatching);
    this.#testEndMs = monoMs();
    if (first.alive) await this.#summarise(first, { options, setup });
  }

  /** Makes all VUs before the test begins. @returns a function that stops sampling the number of VUs */
  async #prepare(first: ThreadHandle, planned: Planned): Promise<() => void> {
    const { options } = planned;
    const count = this.#threads.length;
    const vus = planVus(options.scenarios);
    const board = boardOf(options.scenarios, count, vus);
    const watch = setInterval(
      () => this.#tally.seen({ busy: board.busy.value, vus: board.vus.value }),
      VUS_EVERY_MS,
    );
    const plan = { ...planned, vus, board: board.memory, channel: `plumbline-${randomUUID()}` };
    try {
      await Promise.all(
        this.#threads.map(async (one, index) => {
          if (one !== first) await one.ask('load', null);
          await one.ask('prepare', { ...plan, segment: { index, count } });
          await one.ask('recruit', null);
        }),
      );
    } catch (error) {
      clearInterval(watch);
      throw error;
    }
    return () => clearInterval(watch);
  }

  /** Runs setup, the load and teardown. Thresholds may end it at any point. @returns what setup returned */
  async #test(first: ThreadHandle, options: LoadOptions): Promise<string | null> {
    if (this.#hasEnded()) return null;
    const testStartMs = monoMs();
    this.#testStartMs = testStartMs;
    const judging = setInterval(() => this.#judge(), THRESHOLD_EVERY_MS);
    try {
      const setup = await first.ask('setup', { testStartMs });
      if (!this.#hasEnded()) await this.#load(options, { testStartMs, data: setup });
      if (first.alive) await first.ask('teardown', setup).catch(this.#failed);
      return setup;
    } catch (error) {
      // Setup failed: as in k6, neither the load nor teardown runs.
      this.#failed(error);
      return null;
    } finally {
      clearInterval(judging);
    }
  }

  #hasEnded(): boolean {
    return this.#outcome !== null;
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
    this.#listener.renewals?.((variables) => {
      if (made.alive) made.renew(variables);
    });
    return made;
  }

  #plan(loaded: Loaded): Planned {
    const planned = planOptions(loaded, this.#request);
    const { scenarios, thresholds, warnings } = (this.#options = planned.options);
    for (const one of warnings) this.#listener.log?.('warn', one);
    this.#tally.metrics.declare(loaded.metrics);
    this.#thresholds = new Thresholds(thresholds, this.#tally.metrics);
    const offered = offeredBy(scenarios);
    const until = (ms: number): number => Math.min(ms, this.#askedMs);
    this.#seconds = new Seconds(
      (from, to) =>
        offered.length === 0
          ? null
          : offered.reduce((sum, one) => sum + one(until(to)) - one(until(from)), 0),
      (second) => this.#listener.second?.(second),
    );
    return planned;
  }

  async #load({ scenarios }: LoadOptions, ask: { testStartMs: number; data: string | null }): Promise<void> {
    const startMs = monoMs() + START_DELAY_MS;
    this.#startMs = startMs;
    this.#startedAt = new Date(Date.now() + START_DELAY_MS);
    const { durationMs } = this.#request.limits;
    const lastMs = Math.min(durationMs, Math.max(...scenarios.map(endOfScenario)));
    const timers = [
      setTimeout(
        () =>
          this.#end({ outcome: 'aborted', reason: `the load reached its limit of ${durationMs} ms` }, 'now'),
        durationMs + START_DELAY_MS,
      ),
      setTimeout(() => void this.#endStuck(), lastMs + THREAD_GRACE_MS),
    ];
    try {
      for (const one of this.#threads) this.#seconds.join(one);
      await Promise.all(this.#threads.map((one) => this.#runThread(one, { startMs, ...ask })));
    } finally {
      for (const one of timers) clearTimeout(one);
      this.#durationMs = Math.max(0, monoMs() - startMs);
    }
  }

  async #runThread(
    thread: ThreadHandle,
    ask: { startMs: number; testStartMs: number; data: string | null },
  ): Promise<void> {
    try {
      this.#scenarios.add(await thread.ask('run', ask));
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#seconds.leave(thread);
    }
  }

  async #endStuck(): Promise<void> {
    const reason = `a thread of the load did not end within ${THREAD_GRACE_MS} ms after its schedule: the script is in an endless loop`;
    await Promise.all(this.#threads.map((one) => one.end(reason)));
  }

  async #summarise(
    first: ThreadHandle,
    { options, setup }: { options: LoadOptions; setup: string | null },
  ): Promise<void> {
    const about = { options, totals: this.#tally.metrics, data: setup, testMs: this.#testMs() };
    const data = summaryData(this.#result(), about);
    const log: NonNullable<LoadListener['log']> = (level, text) => this.#listener.log?.(level, text);
    await first.ask('summary', JSON.stringify(data)).then(
      (files) => writeSummary(files, log),
      // A failing handleSummary does not fail the load, as in k6.
      (error: unknown) => log('error', (error as Error).message),
    );
  }

  #told(thread: ThreadHandle, told: Told): void {
    this.#tally.add(told);
    if (told.second !== null) this.#seconds.add(thread, told.second, told);
  }

  /** Duration of the test so far, ms; fixed once it has ended. */
  #testMs(): number {
    return this.#testStartMs === null ? 0 : (this.#testEndMs ?? monoMs()) - this.#testStartMs;
  }

  #judge(): void {
    const reason = this.#thresholds?.abort(this.#testMs()) ?? null;
    if (reason !== null) this.#end({ outcome: 'aborted', reason }, 'now');
  }

  /** Keeps the first reason, except that a failure after a stop makes the load `failed`. */
  #end(outcome: Outcome, how: 'gracefully' | 'now'): void {
    const overrules = outcome.outcome === 'failed' && STOPPED.has(this.#outcome?.outcome);
    if (this.#outcome === null || overrules) this.#outcome = outcome;
    if (this.#startMs !== null)
      this.#askedMs = Math.min(this.#askedMs, Math.max(0, monoMs() - this.#startMs - UNDER_WAY_MS));
    for (const one of this.#threads) if (one.alive) one.stop(how);
  }

  #result(): LoadResult {
    this.#seconds.close(this.#durationMs);
    const seconds = this.#testMs() / 1000;
    return {
      schema: LOAD_RESULT_SCHEMA,
      engine: { name: 'embedded', version: this.#settings.version, stubbed: false },
      script: this.#request.script,
      startedAt: this.#startedAt.toISOString(),
      durationMs: this.#durationMs,
      scenarios: this.#scenarios.results(
        this.#options?.scenarios ?? [],
        Math.min(this.#durationMs, this.#askedMs),
      ),
      requests: this.#tally.requests,
      metrics: this.#tally.metrics.results(seconds),
      checks: this.#tally.checks(),
      thresholds: this.#thresholds?.judge(seconds) ?? [],
      seconds: this.#seconds.all(),
      errors: this.#tally.errors(),
      ...(this.#outcome ?? { outcome: 'completed', reason: '' }),
    };
  }
}
