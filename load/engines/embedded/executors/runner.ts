import { TestAborted } from '../api/execution.ts';
import { countError } from '../api/thread.ts';
import type { ScenarioState, Vu } from '../api/vu.ts';
import type { Exports } from '../script/evaluate.ts';
import type { ScenarioCells } from './board.ts';

/** The scenario that a VU works for; one at a time. */
export interface Employer {
  readonly state: ScenarioState;
  readonly cells: ScenarioCells;
  readonly totals: { iterations: number };
  /** The VU is free again. Not called for an interrupted iteration. */
  iterationEnded(runner: VuRunner): void;
  /** The scenario's time is over: interrupts what still runs. */
  interrupt(): void;
}

type Iteration = (data: unknown) => unknown;

/** Runs the iterations of one VU, one after the other. */
export class VuRunner {
  readonly vu: Vu;
  readonly #exports: Exports;
  #data: { read: unknown } | null = null;
  #employer: Employer | null = null;
  #startMs = 0;

  constructor(vu: Vu, exports: Exports) {
    this.vu = vu;
    this.#exports = exports;
  }

  get busy(): boolean {
    return this.#employer !== null;
  }

  isBusyFor(employer: Employer): boolean {
    return this.#employer === employer;
  }

  /** @param intendedMs when the iteration was due by its schedule; null: it has no schedule */
  begin(employer: Employer, intendedMs: number | null): void {
    // The plan gives a VU to the next scenario from the moment at which the previous one must be over.
    if (this.#employer !== employer) this.#employer?.interrupt();
    const { vu } = this;
    const { counts, board } = vu.thread;
    const now = performance.now();
    this.#startMs = now;
    this.#employer = employer;
    counts.busy++;
    board.busy.add(1);
    counts.started++;
    vu.assign(employer.state);
    vu.iterationInTest = employer.cells.started.add(1);
    vu.beginIteration(intendedMs === null ? 0 : Math.max(0, now - intendedMs));
    this.#call(employer.state.spec.exec);
  }

  #call(name: string): void {
    const { vu } = this;
    const { epoch } = vu;
    let result: unknown;
    try {
      result = (this.#exports[name] as Iteration)(this.#setupData());
    } catch (error) {
      this.#failed(error);
      this.#settled(epoch);
      return;
    }
    if (result instanceof Promise)
      result.then(
        () => this.#settled(epoch),
        (error: unknown) => {
          if (vu.epoch === epoch) this.#failed(error);
          this.#settled(epoch);
        },
      );
    else this.#settled(epoch);
  }

  /** Each VU has its own copy of what setup returned, as in k6. */
  #setupData(): unknown {
    const { setupData } = this.vu.thread;
    this.#data ??= { read: setupData === null ? undefined : JSON.parse(setupData) };
    return this.#data.read;
  }

  #failed(error: unknown): void {
    const { thread } = this.vu;
    if (error instanceof TestAborted) return;
    const { message, stack } =
      error instanceof Error ? error : { message: String(error), stack: String(error) };
    countError(thread.counts, message);
    thread.log('error', scriptStack(stack ?? message));
  }

  /** The function has returned. The iteration lasts until its `asyncRequest`s have ended as well. */
  #settled(epoch: number): void {
    const { vu } = this;
    const employer = this.#employer;
    if (vu.epoch !== epoch || employer === null) return;
    if (vu.pending > 0) {
      vu.whenIdle = () => {
        vu.whenIdle = null;
        this.#settled(epoch);
      };
      return;
    }
    const { built } = vu.thread.registry;
    built.iteration_duration.add(performance.now() - this.#startMs, vu);
    built.iterations.add(1, vu);
    vu.thread.counts.iterations++;
    vu.thread.board.completed.add(1);
    employer.totals.iterations++;
    this.#over(employer);
    // An iteration that awaited nothing must yield, or other VUs would never run.
    if (vu.waited) employer.iterationEnded(this);
    else setImmediate(() => employer.iterationEnded(this));
  }

  #over(employer: Employer): void {
    const { vu } = this;
    vu.flushData();
    vu.endIteration();
    vu.thread.counts.busy--;
    vu.thread.board.busy.add(-1);
    employer.cells.done.add(1);
    this.#employer = null;
  }

  /** Ends the running iteration at once. It counts as interrupted; `iterationEnded` is not called. */
  interrupt(): void {
    const employer = this.#employer;
    if (employer === null) return;
    this.vu.interrupt();
    this.vu.thread.board.interrupted.add(1);
    this.#over(employer);
  }
}

/** A stack without the lines of this engine, which do not help to find an error in the script. */
export function scriptStack(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at .*(\/load\/engines\/embedded\/|node:|<anonymous>\)?$)/.test(line))
    .join('\n');
}
