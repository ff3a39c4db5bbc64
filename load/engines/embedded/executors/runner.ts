import { TestAborted } from '../api/execution.ts';
import { countError } from '../api/thread.ts';
import type { ScenarioState, Vu } from '../api/vu.ts';
import type { Exports } from '../script/evaluate.ts';

/** Who is told when an iteration is over. */
export interface IterationListener {
  iterationEnded(runner: VuRunner): void;
}

type Iteration = (data: unknown) => unknown;

/** Runs the iterations of one VU, one after the other. */
export class VuRunner {
  readonly vu: Vu;
  readonly #exports: Exports;
  readonly #data: unknown;
  readonly #listener: IterationListener;
  busy = false;
  #startMs = 0;

  constructor(
    vu: Vu,
    exports: Exports,
    { data, listener }: { data: string | null; listener: IterationListener },
  ) {
    this.vu = vu;
    this.#exports = exports;
    // Each VU has its own copy of what setup returned, as in k6.
    this.#data = data === null ? undefined : JSON.parse(data);
    this.#listener = listener;
  }

  /** @param intendedMs when the schedule wanted it to begin; null: no schedule */
  begin(scenario: ScenarioState, intendedMs: number | null): void {
    const { vu } = this;
    const now = performance.now();
    this.#startMs = now;
    this.busy = true;
    vu.thread.counts.busy++;
    vu.thread.counts.started++;
    vu.assign(scenario);
    vu.iterationOfThread = scenario.started++;
    vu.beginIteration(intendedMs === null ? 0 : Math.max(0, now - intendedMs));
    const { epoch } = vu;
    let result: unknown;
    try {
      result = (this.#exports[scenario.spec.exec] as Iteration)(this.#data);
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

  #failed(error: unknown): void {
    const { thread } = this.vu;
    if (error instanceof TestAborted) return;
    const { message, stack } =
      error instanceof Error ? error : { message: String(error), stack: String(error) };
    countError(thread.counts, message);
    thread.log('error', scriptStack(stack ?? message));
  }

  /** The function is over; what it asked for asynchronously belongs to the iteration too. */
  #settled(epoch: number): void {
    const { vu } = this;
    if (vu.epoch !== epoch) return;
    if (vu.pending > 0) {
      vu.whenIdle = () => {
        vu.whenIdle = null;
        this.#settled(epoch);
      };
      return;
    }
    const { built } = vu.thread.registry;
    const { counts } = vu.thread;
    built.iteration_duration.add(performance.now() - this.#startMs, vu);
    built.iterations.add(1, vu);
    counts.iterations++;
    counts.completed++;
    this.#over();
    // An iteration that waited for nothing must let others have their turn.
    if (vu.waited) this.#listener.iterationEnded(this);
    else setImmediate(() => this.#listener.iterationEnded(this));
  }

  #over(): void {
    const { vu } = this;
    vu.flushData();
    vu.iteration++;
    vu.iterationInScenario++;
    vu.thread.counts.busy--;
    this.busy = false;
  }

  /** Ends the running iteration where it is; it counts as interrupted, and nobody is told. */
  interrupt(): void {
    if (!this.busy) return;
    this.vu.interrupt();
    this.vu.thread.counts.interrupted++;
    this.#over();
  }
}

/** The part of a stack that is the script's own: the lines of this engine help nobody who reads a script's error. */
export function scriptStack(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at .*(\/load\/engines\/embedded\/|node:|<anonymous>\)?$)/.test(line))
    .join('\n');
}
