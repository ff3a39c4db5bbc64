import type { NamedScenario } from '../options/scenario.ts';
import type { VuRunner } from './runner.ts';
import { ArrivalSchedule } from './schedule.ts';
import { ScenarioRun, shareOf } from './scenario-run.ts';

/** Timers of Node have a resolution of 1 ms; less than that is not asked for. */
const SHORTEST_TIMER_MS = 1;

/**
 * Iterations that begin when they are due, whatever became of those before them. One timer, set anew for the next that is due; after a
 * stall all that is overdue begins at once, with the times that were intended. Where no VU is free the iteration is dropped,
 * and another VU is made for those that follow, up to `maxVUs`: as k6 does it.
 */
export class ArrivalRate extends ScenarioRun<
  NamedScenario & { executor: 'constant-arrival-rate' | 'ramping-arrival-rate' }
> {
  readonly #schedule = new ArrivalSchedule(this.spec);
  /** The one that rested longest is first. */
  readonly #free: VuRunner[] = [];
  #next = this.crew.segment.index;
  #mayRecruit = 0;

  prepare(): void {
    const { preAllocatedVUs, maxVUs } = this.spec;
    this.recruit(shareOf(preAllocatedVUs, this.crew.segment));
    this.#mayRecruit = shareOf(maxVUs ?? preAllocatedVUs, this.crew.segment) - this.runners.length;
    this.#free.push(...this.runners);
  }

  protected begin(): void {
    this.#tick();
  }

  #tick(): void {
    const now = performance.now();
    while (!this.stopping) {
      const due = this.#schedule.dueMs(this.#next);
      if (due === null) return;
      const intended = this.state.startMs + due;
      if (intended > now) {
        this.at(now + Math.max(SHORTEST_TIMER_MS, Math.floor(intended - now)), () => this.#tick());
        return;
      }
      this.#next += this.crew.segment.count;
      this.#start(intended);
    }
  }

  #start(intendedMs: number): void {
    const runner = this.#free.shift();
    if (runner !== undefined) {
      runner.begin(this.state, intendedMs);
      return;
    }
    this.totals.dropped++;
    this.crew.dropped(this.state);
    if (this.#mayRecruit <= 0) return;
    this.#mayRecruit--;
    this.recruit(1);
    const made = this.runners.at(-1);
    if (made !== undefined) this.#free.push(made);
  }

  protected next(runner: VuRunner): void {
    this.#free.push(runner);
  }

  /** A load that ends with the schedule's last iteration begins no more, even where its timer comes a moment early. */
  override stop(): void {
    if (!this.stopping) this.#tick();
    super.stop();
  }
}
