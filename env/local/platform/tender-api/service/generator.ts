/** Generates the text of tenders in the background. The language model is a stub that gives a fixed answer after a fixed time. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Telemetry } from '../../service-kit/telemetry.ts';
import type { Job, JobStore } from './jobs.ts';

export interface GeneratorOptions {
  /** Time until the stub answers, ms. */
  readonly delayMs: number;
  /** Replaces the stub. */
  readonly model?: (job: Job) => Promise<string>;
  readonly log?: Telemetry['log'];
}

/** Included in every answer about a job, so that its speed is not taken for that of a real model. */
export const LLM = 'stubbed';
/** A job that has not ended after this long counts as failed: its pod or the database was lost. */
const GRACE_MS = 30_000;
/** Maximum number of running jobs of one pod; further jobs are refused as busy. */
const MOST_JOBS = 500;

export class Busy extends Error {}

const stub =
  (delayMs: number) =>
  async (job: Job): Promise<string> => {
    await delay(delayMs);
    return `Draft of tender ${job.tender}.`;
  };

export class Generator {
  readonly #jobs: Pick<JobStore, 'start' | 'finish' | 'find'>;
  readonly #delayMs: number;
  readonly #model: (job: Job) => Promise<string>;
  readonly #log: Telemetry['log'] | undefined;
  readonly #running = new Set<Promise<void>>();

  constructor(jobs: Pick<JobStore, 'start' | 'finish' | 'find'>, { delayMs, model, log }: GeneratorOptions) {
    this.#jobs = jobs;
    this.#delayMs = delayMs;
    this.#model = model ?? stub(delayMs);
    this.#log = log;
  }

  /**
   * Accepts a job and returns at once; undefined if there is no such tender.
   * @throws Busy if this pod has the maximum number of jobs
   */
  async start(tender: string): Promise<Job | undefined> {
    if (this.#running.size >= MOST_JOBS)
      throw new Busy(`${String(MOST_JOBS)} texts are being generated here`);
    const job = await this.#jobs.start(tender, this.#delayMs + GRACE_MS);
    if (job === undefined) return undefined;
    const work = this.#generate(job).finally(() => this.#running.delete(work));
    this.#running.add(work);
    return job;
  }

  find(id: string): Promise<Job | undefined> {
    return this.#jobs.find(id);
  }

  /** Resolves when this pod has no running job. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Never rejects: a job whose result cannot be written fails by its deadline. */
  async #generate(job: Job): Promise<void> {
    try {
      await this.#jobs.finish(job.id, { text: await this.#model(job) });
    } catch (error) {
      this.#log?.('warn', 'the job was not written', { job: job.id, cause: String(error) });
    }
  }
}
