/** One check of the plan: its trials, one after the other, each with its history and its steps. */
import { rowOf } from '../../suites/catalogue/index.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { createContext } from '../../suites/harness/context.ts';
import type { CheckBody } from '../../suites/harness/context.ts';
import type { StepMessage } from '../../suites/harness/messages.ts';
import { Observations } from '../../suites/harness/observations.ts';
import type { StepRecord } from '../../suites/harness/protocol.ts';
import { NOT_PERMITTED, RequestError } from '../../suites/harness/request-error.ts';
import { asError, errorText, stackOf } from '../../reports/record/error-text.ts';
import { checkTimeoutMs } from '../plan/environment-parts.ts';
import { callerOf } from './handlers.ts';
import type { Handlers } from './handlers.ts';
import type { ServedRunner } from './served.ts';

/** What ended the trials before the last of them: at most one of these. */
interface EarlyEnd {
  crash?: string;
  /** Why the runner begins neither load nor fault any more. */
  refused?: string;
}

interface CheckRunParts {
  runner: Pick<ServedRunner, 'parts' | 'runState'>;
  handlers: Handlers;
  planned: PlannedCheck;
  /** Aborted when the run is interrupted, or nobody waits for the check any more. */
  stop: AbortSignal;
  /** Called as steps begin and end. */
  follow: (step: StepMessage) => void;
}

export class CheckRun {
  readonly steps: StepRecord[] = [];
  /** Number of the last trial that was begun; 0: none. */
  begun = 0;
  readonly #parts: CheckRunParts;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;

  constructor(parts: CheckRunParts) {
    this.#parts = parts;
    this.#signal = AbortSignal.any([parts.stop, this.#over.signal]);
  }

  /** Breaks off the check, whatever its body is doing. */
  fail(error: unknown): void {
    this.#over.abort(error);
  }

  /**
   * Runs the body for each trial. A refusal for want of a permit ends the series: the trials that are left would be refused as well. Its trial
   * has no end. Afterwards the runner does nothing more for the body, which may still run.
   */
  async trials(body?: CheckBody): Promise<EarlyEnd> {
    const { planned, runner } = this.#parts;
    const { id } = planned.row;
    const timeoutMs = checkTimeoutMs(planned, runner.runState.environment);
    const late = `${id} did not end within the ${Math.round(timeoutMs / 1000)} s planned for ${planned.trials} trial(s)`;
    const timer = setTimeout(() => this.fail(new Error(late)), timeoutMs);
    try {
      const observe = body ?? (await rowOf(id)?.observe?.());
      if (observe === undefined) throw new Error(`${id} was planned, and is not built`);
      for (let trial = 1; trial <= planned.trials; trial++) await this.#trial(trial, observe);
      return {};
    } catch (error) {
      const isRefused = error instanceof RequestError && error.reason === NOT_PERMITTED;
      return isRefused ? { refused: error.message } : { crash: stackOf(error) };
    } finally {
      clearTimeout(timer);
      this.fail(new RequestError(`${id} has ended`, 'aborted'));
    }
  }

  async #trial(trial: number, body: CheckBody): Promise<void> {
    const { planned, runner } = this.#parts;
    const { id } = planned.row;
    runner.parts.safety.beginCheck(id);
    const { goals, settings } = runner.runState.headerSource(id);
    const folder = await runner.runState.openTrial(id, trial);
    const observations = new Observations(folder);
    this.begun = trial;
    const isSeries = planned.trials > 1;
    try {
      const ctx = createContext({
        id,
        trial,
        trials: planned.trials,
        goals,
        settings,
        signal: this.#signal,
        call: callerOf(this.#parts.handlers, { check: id, signal: this.#signal }, runner.parts.readOnly),
        observations,
        once: (observation, observe) => this.#once(observation, folder, observe),
        step: (title, step) => this.#step(isSeries ? `trial ${trial}: ${title}` : title, step),
      });
      await unlessAborted(body(ctx), this.#signal);
      observations.append('end');
    } finally {
      observations.close();
    }
  }

  async #once(observation: string, folder: string, observe: () => Promise<void>): Promise<void> {
    const { once } = this.#parts.runner.runState;
    const observer = once.observerOf(observation, folder);
    if (observer !== null)
      return this.#step(`take what ${observer} has just seen`, () => once.give(observation, folder));
    await observe();
    // A body that was given up runs on, and what it observed lacks its end.
    this.#signal.throwIfAborted();
    once.keep(observation, folder);
  }

  async #step<T>(title: string, body: () => Promise<T> | T): Promise<T> {
    const { follow, runner, planned } = this.#parts;
    const startedMs = performance.now();
    const record: StepRecord = { title, durationMs: 0, startedAt: new Date().toISOString() };
    const step = this.steps.push(record);
    follow({ kind: 'step-begins', step, title });
    try {
      this.#signal.throwIfAborted();
      runner.runState.progress.step(planned.row.id, title);
      return await body();
    } catch (error) {
      record.error = errorText(error);
      throw error;
    } finally {
      record.durationMs = performance.now() - startedMs;
      follow({ kind: 'step-ends', step, ...(record.error !== undefined && { error: record.error }) });
    }
  }
}

/** A body that does not listen to the signal must not hold the check for ever. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(asError(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
