import type { ScenarioState } from '../api/vu.ts';
import { regularDuration } from '../options/scenario.ts';
import type { NamedScenario } from '../options/scenario.ts';
import type { IterationListener, VuRunner } from './runner.ts';

/** Which part of a load a thread has: every `count`th VU and iteration, from `index`. */
export interface Segment {
  index: number;
  count: number;
}

/** What an executor needs of its thread. */
export interface Crew {
  segment: Segment;
  /** Makes the next VU of the scenario. @throws what the script throws when it is loaded */
  recruit(listener: IterationListener): VuRunner;
  dropped(state: ScenarioState): void;
}

export interface ScenarioTotals {
  name: string;
  iterations: number;
  interrupted: number;
  dropped: number;
}

/** How many of `total` things a segment has. */
export function shareOf(total: number, { index, count }: Segment): number {
  return Math.max(0, Math.floor((total - index + count - 1) / count));
}

/** One scenario on one thread: begins at its time, ends when nothing of it runs any more. */
export abstract class ScenarioRun<Spec extends NamedScenario = NamedScenario> implements IterationListener {
  protected readonly spec: Spec;
  protected readonly crew: Crew;
  protected readonly state: ScenarioState;
  protected readonly runners: VuRunner[] = [];
  /** No iteration begins any more. */
  protected stopping = false;
  readonly totals: ScenarioTotals;
  #resolve: (() => void) | null = null;
  readonly #timers = new Set<NodeJS.Timeout>();
  #begun = false;

  constructor(spec: Spec, crew: Crew) {
    this.spec = spec;
    this.crew = crew;
    const { index, count } = crew.segment;
    this.state = { spec, startMs: 0, started: 0, inTest: (started) => started * count + index };
    this.totals = { name: spec.name, iterations: 0, interrupted: 0, dropped: 0 };
  }

  /** Makes the VUs that are there from the beginning. */
  abstract prepare(): void;
  protected abstract begin(): void;
  protected abstract next(runner: VuRunner): void;

  /** @param startMs of the load, on the thread's clock. @returns when the scenario has ended */
  run(startMs: number): Promise<void> {
    this.state.startMs = startMs + this.spec.startTime;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.at(this.state.startMs, () => {
        this.#begun = true;
        if (this.stopping) return;
        this.at(this.state.startMs + regularDuration(this.spec), () => this.stop());
        this.begin();
        this.checkDone();
      });
    });
  }

  iterationEnded(runner: VuRunner): void {
    this.totals.iterations++;
    if (this.stopping) this.checkDone();
    else this.next(runner);
  }

  /** Begins no more iterations; those that run have `gracefulStop` left. */
  stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    this.at(performance.now() + this.spec.gracefulStop, () => this.interrupt());
    this.checkDone();
  }

  /** Ends everything now. */
  interrupt(): void {
    this.stopping = true;
    for (const runner of this.runners) this.cut(runner);
    this.checkDone();
  }

  protected cut(runner: VuRunner): void {
    if (!runner.busy) return;
    runner.interrupt();
    this.totals.interrupted++;
  }

  /** Nothing begins and nothing runs: it is over. */
  protected checkDone(): void {
    if (!this.stopping && this.#begun && !this.finished()) return;
    if (!this.stopping && !this.#begun) return;
    if (this.runners.some(({ busy }) => busy)) return;
    this.stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#resolve?.();
    this.#resolve = null;
  }

  /** Whether all that was to be done is done before the time is over. */
  protected finished(): boolean {
    return false;
  }

  /** Calls at a time of the thread's clock; not after the scenario has ended. */
  protected at(ms: number, what: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        what();
      },
      Math.max(0, ms - performance.now()),
    );
    this.#timers.add(timer);
  }

  protected recruit(count: number): void {
    for (let made = 0; made < count; made++) this.runners.push(this.crew.recruit(this));
  }
}
