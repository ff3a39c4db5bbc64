import type { ScenarioState } from '../api/vu.ts';
import { cutOffMs, regularDuration } from '../options/scenario.ts';
import type { NamedScenario } from '../options/scenario.ts';
import type { ScenarioCells } from './board.ts';
import type { Employer, VuRunner } from './runner.ts';

/** Index of a thread, and the number of threads. */
export interface Segment {
  index: number;
  count: number;
}

/** A VU planned for a scenario, and its rank among the scenario's VUs of all threads, from 0. */
export interface Member {
  runner: VuRunner;
  rank: number;
}

/** What an executor needs of its thread. */
export interface Crew {
  segment: Segment;
  cells: ScenarioCells;
  planned: readonly Member[];
  /** Makes an unplanned VU. @throws what the script throws while it is loaded */
  recruit(): VuRunner;
  dropped(scenario: string, count: number): void;
  /** Gives an iteration to another thread that has reserved a VU for it. The outcome comes back through `handed`. */
  handOver(thread: number, dueMs: number): void;
}

export interface ScenarioTotals {
  name: string;
  iterations: number;
  interrupted: number;
  dropped: number;
}

/** One scenario on one thread: begins at its start time, ends when no iteration of it runs any more. */
export abstract class ScenarioRun<Spec extends NamedScenario = NamedScenario> implements Employer {
  protected readonly spec: Spec;
  protected readonly crew: Crew;
  readonly state: ScenarioState;
  readonly cells: ScenarioCells;
  protected readonly runners: VuRunner[];
  /** No new iteration may start. */
  protected stopping = false;
  readonly totals: ScenarioTotals;
  #resolve: (() => void) | null = null;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** The scenario's start time has passed. */
  protected begun = false;
  /** The scenario ended because its time was over, not because it was stopped. */
  #expired = false;

  constructor(spec: Spec, crew: Crew) {
    this.spec = spec;
    this.crew = crew;
    this.cells = crew.cells;
    this.runners = crew.planned.map(({ runner }) => runner);
    this.state = { spec, startMs: 0, progress: () => this.progress() };
    this.totals = { name: spec.name, iterations: 0, interrupted: 0, dropped: 0 };
  }

  protected abstract begin(): void;
  protected abstract next(runner: VuRunner): void;

  /** @param startMs start of the load, ms of the thread's clock. Resolves when the scenario has ended. */
  run(startMs: number): Promise<void> {
    this.state.startMs = startMs + this.spec.startTime;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.at(this.state.startMs, () => {
        this.begun = true;
        if (this.stopping) {
          this.checkDone();
          return;
        }
        this.at(this.state.startMs + regularDuration(this.spec), () => {
          this.#expired = !this.stopping;
          this.expire();
        });
        this.begin();
        this.checkDone();
      });
    });
  }

  iterationEnded(runner: VuRunner): void {
    if (this.stopping) this.checkDone();
    else this.next(runner);
  }

  /** On request: starts no more iterations. Those that run may take another `gracefulStop`. */
  stop(): void {
    this.windDown(performance.now() + this.spec.gracefulStop);
  }

  /** On request: ends everything now. */
  abort(): void {
    this.#expired = false;
    this.interrupt();
  }

  /** The scenario's time is over: starts no more iterations. */
  protected expire(): void {
    this.windDown(this.state.startMs + cutOffMs(this.spec));
  }

  protected windDown(cutMs: number): void {
    if (this.stopping) return;
    this.stopping = true;
    if (cutMs <= performance.now()) this.interrupt();
    else {
      this.at(cutMs, () => this.interrupt());
      this.checkDone();
    }
  }

  interrupt(): void {
    this.stopping = true;
    for (const runner of this.runners) this.cut(runner);
    this.checkDone();
  }

  protected cut(runner: VuRunner): void {
    if (!runner.isBusyFor(this)) return;
    runner.interrupt();
    this.totals.interrupted++;
  }

  protected drop(count: number): void {
    if (count <= 0) return;
    this.totals.dropped += count;
    this.crew.dropped(this.spec.name, count);
  }

  /** Ends the scenario if no iteration runs and none will start. */
  protected checkDone(): void {
    if (!this.stopping && !(this.begun && this.finished())) return;
    if (this.awaits() || this.runners.some((one) => one.isBusyFor(this))) return;
    this.stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.#resolve !== null && this.#expired) this.drop(this.neverBegun());
    this.#resolve?.();
    this.#resolve = null;
  }

  protected get over(): boolean {
    return this.stopping && this.#resolve === null;
  }

  /** Whether all iterations have been started before the time is over. */
  protected finished(): boolean {
    return false;
  }

  /** Whether iterations handed to other threads are still unanswered. */
  protected awaits(): boolean {
    return false;
  }

  /** Iterations that this thread should have started, but did not, before the time was over. */
  protected neverBegun(): number {
    return 0;
  }

  /** 0 to 1. */
  protected progress(): number {
    return Math.min(1, Math.max(0, this.passedMs() / regularDuration(this.spec)));
  }

  protected passedMs(): number {
    return performance.now() - this.state.startMs;
  }

  /** Runs an iteration that another thread has handed over. @returns whether it was accepted */
  take(_dueMs: number): boolean {
    return false;
  }

  /** The answer for an iteration that was handed over: whether the other thread accepted it. */
  handed(_taken: boolean): void {
    // Only arrival rates hand over.
  }

  /** Calls `what` at a time of the thread's clock, unless the scenario has ended by then. */
  protected at(ms: number, what: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        what();
      },
      Math.min(LONGEST_TIMER_MS, Math.max(0, ms - performance.now())),
    );
    this.#timers.add(timer);
  }
}

/** Longest delay of a timer of Node, ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
