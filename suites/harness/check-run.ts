/** One check of the plan in its worker: its trials, one after the other, each with its history and its steps. */
import { NOT_PERMITTED } from './acting.ts';
import { RunnerError, type RunnerClient } from './client.ts';
import { createContext } from './context.ts';
import type { CheckBody, CheckContext } from './context.ts';
import { Observations } from './observations.ts';
import type { PlannedCheck, StepRecord } from './protocol.ts';
import { errorText, stackOf } from '../../reports/record/error-text.ts';

/** What ended the trials before the last of them: at most one of these. */
interface EarlyEnd {
  crash?: string;
  /** Why the runner begins neither load nor fault any more. */
  refused?: string;
}

export class CheckRun {
  readonly steps: StepRecord[] = [];
  begun = 0;
  readonly #planned: PlannedCheck;
  readonly #client: RunnerClient;
  readonly #narrate: CheckContext['step'];
  readonly #signal: AbortSignal;

  /** @param narrate shows a step to whoever follows the run */
  constructor(planned: PlannedCheck, client: RunnerClient, narrate: CheckContext['step']) {
    this.#planned = planned;
    this.#client = client;
    this.#narrate = narrate;
    this.#signal = AbortSignal.any([client.lost, AbortSignal.timeout(planned.timeoutMs)]);
  }

  /**
   * Runs the body for each trial. A refusal for want of a permit ends the series: the trials that are left would be refused as well. Its trial
   * has no end, so that `drill --resume` appends one in its place.
   */
  async trials(body: CheckBody): Promise<EarlyEnd> {
    try {
      const { firstTrial, trials } = this.#planned;
      for (let trial = firstTrial; trial < firstTrial + trials; trial++) await this.#trial(trial, body);
      return {};
    } catch (error) {
      const isRefused = error instanceof RunnerError && error.reason === NOT_PERMITTED;
      return isRefused ? { refused: error.message } : { crash: stackOf(error) };
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
      return await this.#narrate(title, body);
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
