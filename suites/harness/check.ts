import { test } from '@playwright/test';
import { abortWorker, RunnerClient } from './client.ts';
import { createContext } from './context.ts';
import type { CheckBody } from './context.ts';
import { readHandover } from './handover.ts';
import { Observations } from './observations.ts';
import type { PlannedCheck, StepRecord } from './protocol.ts';
import { errorText, stackOf } from '../../reports/record/error-text.ts';

/** Added to a check's own time, for judging and for reporting that time ran out; then Playwright kills the worker. */
const GRACE_MS = 20_000;

const handover = readHandover();
const plan = new Map(handover.plan.map((planned) => [planned.check, planned]));
let connection: Promise<RunnerClient> | undefined;

function connect(): Promise<RunnerClient> {
  connection ??= RunnerClient.connect(handover.socket, abortWorker);
  return connection;
}

/** Ids of the checks that the runner handed over, in their order. */
export function planned(): readonly string[] {
  return [...plan.keys()];
}

/**
 * Registers a check of the plan. The body observes and records, once for each trial; the test passes when the body completes. The
 * runner judges the observations, and its verdict does not come back here. A body that throws makes the check `inconclusive` and fails
 * the test, so that Playwright starts a new worker: work of the old one may still run.
 */
export function register(id: string, body: CheckBody): void {
  const planned = plan.get(id);
  if (!planned) throw new Error(`${id} is not in the plan`);
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of fixtures from this pattern: there are none
  test(id, { tag: `@${planned.mode}` }, async ({}, info) => {
    const startedMs = performance.now();
    info.setTimeout(0);
    const client = await connect();
    await client.call('lock.acquire', { check: id, mode: planned.mode }, id);
    // The time-out starts here: waiting for other checks does not count.
    info.setTimeout(performance.now() - startedMs + planned.timeoutMs + GRACE_MS);
    const run = new CheckRun(planned, client);
    const crash = await run.trials(body);
    await client.call('check.end', { check: id, trials: run.begun, steps: run.steps, crash }, id);
    if (crash !== undefined) throw new Error(crash);
  });
}

class CheckRun {
  readonly steps: StepRecord[] = [];
  begun = 0;
  readonly #planned: PlannedCheck;
  readonly #client: RunnerClient;
  readonly #signal: AbortSignal;

  constructor(planned: PlannedCheck, client: RunnerClient) {
    this.#planned = planned;
    this.#client = client;
    this.#signal = AbortSignal.any([client.lost, AbortSignal.timeout(planned.timeoutMs)]);
  }

  /** Runs the body for each trial; returns the message of the crash that ended it early, if any. */
  async trials(body: CheckBody): Promise<string | undefined> {
    try {
      const { firstTrial, trials } = this.#planned;
      for (let trial = firstTrial; trial < firstTrial + trials; trial++) await this.#trial(trial, body);
      return undefined;
    } catch (error) {
      return stackOf(error);
    }
  }

  async #trial(trial: number, body: CheckBody): Promise<void> {
    const { check: id, trials } = this.#planned;
    const begin = await this.#client.call('check.begin', { check: id, trial }, id);
    this.begun = trial;
    const observations = new Observations(begin.folder);
    try {
      const ctx = createContext({
        id,
        trial,
        trials,
        goals: begin.goals,
        settings: begin.settings,
        signal: this.#signal,
        client: this.#client,
        observations,
        step: (title, step) => this.#step(trials > 1 || trial > 1 ? `trial ${trial}: ${title}` : title, step),
      });
      await withDeadline(body(ctx), this.#signal, this.#planned);
      observations.append('end');
    } finally {
      observations.close();
    }
  }

  async #step<T>(title: string, body: () => Promise<T> | T): Promise<T> {
    const startedMs = performance.now();
    const record: StepRecord = { title, durationMs: 0, startedAt: new Date().toISOString() };
    this.steps.push(record);
    try {
      this.#signal.throwIfAborted();
      return await test.step(title, body);
    } catch (error) {
      record.error = errorText(error);
      throw error;
    } finally {
      record.durationMs = performance.now() - startedMs;
    }
  }
}

/** A body that does not listen to the signal must not hold the check for ever. */
async function withDeadline(work: Promise<void>, signal: AbortSignal, planned: PlannedCheck): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    const seconds = Math.round(planned.timeoutMs / 1000);
    reject(
      new Error(
        `${planned.check} did not end within the ${seconds} s planned for ${planned.trials} trial(s)`,
      ),
    );
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
