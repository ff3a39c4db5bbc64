import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { killProcesses, waitGone } from '../../../host/process-identity.ts';
import { startDaemon, withoutJobMarkers } from '../../../host/run.ts';
import { waitFor } from '../../../host/wait.ts';
import { CLUSTER_TIMER_FILE, HOST_TIMER_FILE } from './host-timer.ts';
import { clearTrouble } from '../journal/left-open.ts';
import { isMirrored } from '../journal/mirror.ts';
import { recordedProcess, replaceFile } from '../lease/processes.ts';
import { isKubeRollback } from '../types.ts';
import type { Rollback } from '../types.ts';
import { UndoJob } from './undo-job.ts';
import type { UndoJobOptions } from './undo-job.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** A Node process loads this much code in about 0.3 s; on two busy cores it can be several times that. */
const START_DEADLINE_MS = 20_000;
const END_DEADLINE_MS = 10_000;

export type TimerOptions = {
  readonly folder: string;
  readonly kubeconfig?: string | undefined;
  /** Called when a Job is needed and none is known. null: there is no image for it yet, so the timer on the host undoes everything. */
  readonly job: () => Promise<UndoJobOptions | null>;
  readonly hostAllowed: boolean;
  readonly notice: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Timers that undo when the run has died: armed before an action, disarmed once all is restored. A Job in the cluster undoes what was done
 * through the API server, a process on this host what was done to a node.
 */
export class Timers {
  readonly #options: TimerOptions;
  #job: UndoJob | null = null;
  #jobFailed = false;
  #arming: Promise<void> = Promise.resolve();

  constructor(options: TimerOptions) {
    this.#options = options;
  }

  async #undoJob(): Promise<UndoJob | null> {
    if (this.#job !== null) return this.#job;
    const options = await this.#options.job();
    this.#job = options === null ? null : new UndoJob(options);
    return this.#job;
  }

  /**
   * @throws Error when no timer can be armed for one of them: then the action must not begin.
   */
  arm(rollbacks: readonly Rollback[]): Promise<void> {
    // One after the other: two checks that begin at once share one Job and one process.
    const armed = this.#arming.then(() => this.#armNow(rollbacks));
    this.#arming = armed.catch(() => undefined);
    return armed;
  }

  async #armNow(rollbacks: readonly Rollback[]): Promise<void> {
    const forCluster = rollbacks
      .filter((rollback) => isKubeRollback(rollback) && isMirrored({ rollback }))
      .filter(isKubeRollback);
    let rest = rollbacks.filter((rollback) => !isKubeRollback(rollback) || !isMirrored({ rollback }));
    try {
      if (forCluster.length > 0 && !(await this.#armJob(forCluster))) rest = [...rollbacks];
    } finally {
      // Even if the Job failed: what only this host can undo does not need it.
      if (rest.length > 0) await this.#armHost(rest);
    }
  }

  /** Returns false when the host has to do it instead. */
  async #armJob(rollbacks: Parameters<UndoJob['arm']>[0]): Promise<boolean> {
    if (this.#jobFailed) return false;
    try {
      const job = await this.#undoJob();
      if (job === null) return false;
      await job.arm(rollbacks, this.#options.signal);
      replaceFile(this.#file(CLUSTER_TIMER_FILE), '{}');
      return true;
    } catch (error) {
      if (!this.#options.hostAllowed) throw error;
      this.#jobFailed = true;
      rmSync(this.#file(CLUSTER_TIMER_FILE), { force: true });
      const message = errorText(error);
      this.#options.notice(
        `the undo Job cannot be armed (${message}); the timer on this host undoes instead`,
      );
      return false;
    }
  }

  /** Nodes and a model's stand-in are put back from this host in every environment; the rest is undone here only in an embedded one. */
  async #armHost(rollbacks: readonly Rollback[]): Promise<void> {
    const mine = this.#options.hostAllowed ? rollbacks : rollbacks.filter(isUndoneFromHere);
    if (mine.length > 0) await this.#startHost();
    if (mine.length < rollbacks.length)
      throw new Error(
        'no timer can be armed: there is no undo Job, and the environment does not run on this host',
      );
  }

  async #startHost(): Promise<void> {
    const { folder, signal, hostAllowed } = this.#options;
    // No kubeconfig unless embedded: the Job undoes what went through the API server.
    const kubeconfig = hostAllowed ? this.#options.kubeconfig : undefined;
    if (recordedProcess(this.#file(HOST_TIMER_FILE)) !== null) return;
    const script = join(import.meta.dirname, '..', '..', 'host-timer.ts');
    const argv = [process.execPath, script, folder, ...(kubeconfig === undefined ? [] : [kubeconfig])];
    // A run that is killed ends its CI job: the timer must be there after it. It records itself who it is.
    startDaemon(argv, this.#file('host-timer.log'), withoutJobMarkers(process.env));
    await waitFor(() => recordedProcess(this.#file(HOST_TIMER_FILE)), {
      what: 'the timer on this host to run',
      deadlineMs: START_DEADLINE_MS,
      intervalMs: 20,
      signal,
      next: `read ${this.#file('host-timer.log')}`,
    });
  }

  /** Ends both timers, those of an earlier run too. Returns what went wrong. */
  async disarm(): Promise<string[]> {
    await this.#arming;
    await this.#endHost();
    clearTrouble(this.#options.folder);
    return this.#disarmJob();
  }

  async #endHost(): Promise<void> {
    const host = recordedProcess(this.#file(HOST_TIMER_FILE));
    if (host !== null) {
      killProcesses([host], 'SIGTERM');
      await waitGone([host], { deadlineMs: END_DEADLINE_MS });
    }
    rmSync(this.#file(HOST_TIMER_FILE), { force: true });
  }

  async #disarmJob(): Promise<string[]> {
    try {
      const job = await this.#undoJob();
      if (job === null && !existsSync(this.#file(CLUSTER_TIMER_FILE))) return [];
      await job?.disarm();
      rmSync(this.#file(CLUSTER_TIMER_FILE), { force: true });
      return [];
    } catch (error) {
      return [
        `the undo Job could not be removed (it does nothing without open entries): ${errorText(error)}`,
      ];
    }
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }
}

/** What this host undoes wherever the environment is, as it did it. */
function isUndoneFromHere({ kind }: Rollback): boolean {
  return kind === 'node-power' || kind === 'stand-in';
}
