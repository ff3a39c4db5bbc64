/** What the steps of `npm test` have in common: how they are begun, run and counted. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SIGNAL_EXITS } from '../../host/errors.ts';
import type { InterruptSignal } from '../../host/errors.ts';
import { errorText, stackOf } from '../../reports/record/error-text.ts';
import { failuresIn, failuresText } from './failures.ts';
import { addUp, readCounts, renderCounts, single } from './runners.ts';
import type { Counts, RunnerResult } from './runners.ts';
import { minutesText, runStep } from './steps.ts';
import type { StepResult } from './steps.ts';

export const ROOT = path.resolve(import.meta.dirname, '..', '..');
export const CLI = path.join(ROOT, 'cli', 'plumbline.mjs');
const SUM = path.join(ROOT, 'test-results', 'sum');

/** A test run: its steps so far, what they counted, and its sum at the end. */
export class TestRun {
  total: Counts = { passed: 0, failed: 0, skipped: 0 };
  /** Failures so far, one line each, beginning with the name of the step. */
  readonly failures: string[] = [];
  /** Steps that were begun, with the time of their begin in ms of `performance.now()`. */
  readonly #begun: { step: string; atMs: number }[] = [];
  readonly #abort = new AbortController();
  readonly #sum: string;
  #endedBy: InterruptSignal | null = null;

  /** @param sum file that is written with the sum: without it, `.ci/run` prints one for a test run that was killed */
  constructor(sum = SUM) {
    this.#sum = sum;
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.on(name, () => {
        this.#endedBy ??= name;
        this.#abort.abort();
      });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stopped(): boolean {
    return this.signal.aborted;
  }

  begin(step: string): void {
    process.stdout.write(`\n== ${step}\n`);
    this.#begun.push({ step, atMs: performance.now() });
  }

  /** What each step took, in minutes: `check 4.3, adding one 1.2`. */
  #minutes(): string {
    const ends = [...this.#begun.slice(1).map(({ atMs }) => atMs), performance.now()];
    const took = this.#begun.map(({ step, atMs }, at) => `${step} ${minutesText((ends[at] ?? atMs) - atMs)}`);
    return took.join(', ');
  }

  /** Adds the counts of a step, and keeps its failures for the end. */
  count(step: string, result: RunnerResult, failures: () => readonly string[]): void {
    this.total = addUp([{ exitCode: 0, counts: this.total }, result]);
    if (addUp([result]).failed > 0) this.failures.push(...failures().map((line) => `${step}: ${line}`));
  }

  /** Counts a runner that reports its own counts. */
  counted(step: string, ended: StepResult): RunnerResult {
    const result = { exitCode: ended.exitCode, counts: readCounts(ended.output) };
    this.count(step, result, () => failuresIn(ended));
    return result;
  }

  /** Counts a command as one test. */
  single(step: string, ended: StepResult): void {
    this.count(step, single(ended.exitCode), () => failuresIn(ended));
  }

  /** Runs a plumbline command and prints its output while it runs. */
  plumbline(args: readonly string[]): Promise<StepResult> {
    return runStep([process.execPath, CLI, ...args], { live: true, signal: this.signal });
  }

  /**
   * Runs the steps, then prints the failures and, in the last line, the sum. An unexpected error ends the steps and counts as a failure.
   * @returns the exit code
   */
  async summed(steps: (run: TestRun) => Promise<void>): Promise<number> {
    const endedWith = (reason: string): void =>
      this.count(this.#begun.at(-1)?.step ?? 'begin', single(1), () => [reason]);
    try {
      await steps(this);
    } catch (error) {
      process.stdout.write(`\n${stackOf(error)}\n`);
      endedWith(errorText(error));
    }
    const endedBy = this.#endedBy;
    if (endedBy !== null) endedWith(`ended by ${endedBy}`);
    const sum = renderCounts(this.total);
    process.stdout.write(`\nminutes: ${this.#minutes()}\n\n${failuresText(this.failures)}${sum}\n`);
    mkdirSync(path.dirname(this.#sum), { recursive: true });
    writeFileSync(this.#sum, sum);
    // The signal handlers must not keep the process alive.
    process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
    if (endedBy !== null) return SIGNAL_EXITS[endedBy];
    return this.total.failed === 0 ? 0 : 1;
  }
}
