import type { NamedScenario } from '../options/scenario.ts';
import type { VuRunner } from './runner.ts';
import { ArrivalSchedule } from './schedule.ts';
import { ScenarioRun } from './scenario-run.ts';
import type { Crew } from './scenario-run.ts';

/** Timers of Node have a resolution of 1 ms; less than that is not asked for. */
const SHORTEST_TIMER_MS = 1;

type Arriving = NamedScenario & { executor: 'constant-arrival-rate' | 'ramping-arrival-rate' };

/**
 * Iterations that begin when they are due, whatever became of those before them. One timer, set anew for the next that is due; after a
 * stall all that is overdue begins at once, with the times that were intended. Each thread has every `count`th iteration; where it has no
 * VU free, another thread that has one gets it. Where none has, the iteration is dropped, and another VU is made for those that follow, up
 * to `maxVUs`: as k6 does it.
 */
export class ArrivalRate extends ScenarioRun<Arriving> {
  readonly #schedule = new ArrivalSchedule(this.spec);
  /** The one that rested longest is first. Some of them may be kept for iterations on their way from other threads. */
  readonly #resting: VuRunner[] = [...this.runners];
  #next = this.crew.segment.index;
  /** Iterations that other threads were given, without an answer yet. */
  #handed = 0;
  /** Iterations from threads that began earlier. */
  readonly #early: number[] = [];

  constructor(spec: Arriving, crew: Crew) {
    super(spec, crew);
    this.#free.set(this.runners.length);
  }

  get #free(): Crew['cells']['recruits'] {
    const cell = this.cells.free[this.crew.segment.index];
    if (cell === undefined) throw new Error(`thread ${this.crew.segment.index} is not on the board`);
    return cell;
  }

  protected begin(): void {
    for (const dueMs of this.#early.splice(0)) this.take(dueMs);
    this.#tick();
  }

  /** What is due at the end itself (a ramp's last) is begun or dropped first: its own timer may come after that of the end. */
  protected override expire(): void {
    this.#tick(Math.max(performance.now(), this.state.startMs + this.#schedule.durationMs));
    super.expire();
  }

  #tick(now = performance.now()): void {
    while (!this.stopping) {
      const due = this.#schedule.dueMs(this.#next);
      if (due === null) return;
      const intended = this.state.startMs + due;
      if (intended > now) {
        this.at(now + Math.max(SHORTEST_TIMER_MS, Math.floor(intended - now)), () => this.#tick());
        return;
      }
      this.#next += this.crew.segment.count;
      this.#start(due);
    }
  }

  #start(dueMs: number): void {
    if (this.#free.takeOne()) {
      this.take(dueMs);
      return;
    }
    if (this.#handOver(dueMs)) return;
    this.drop(1);
    if (!this.cells.recruits.takeOne()) return;
    const made = this.crew.recruit();
    this.runners.push(made);
    this.next(made);
  }

  #handOver(dueMs: number): boolean {
    const { index, count } = this.crew.segment;
    for (let step = 1; step < count; step++) {
      const thread = (index + step) % count;
      if (this.cells.free[thread]?.takeOne() !== true) continue;
      this.#handed++;
      this.crew.handOver(thread, dueMs);
      return true;
    }
    return false;
  }

  override take(dueMs: number): boolean {
    if (this.over) return false;
    if (!this.begun) {
      this.#early.push(dueMs);
      return true;
    }
    const runner = this.#resting.shift();
    runner?.begin(this, this.state.startMs + dueMs);
    return runner !== undefined;
  }

  override handed(taken: boolean): void {
    if (this.#handed === 0) return;
    this.#handed--;
    if (!taken) this.drop(1);
    this.checkDone();
  }

  protected override awaits(): boolean {
    return this.#handed > 0;
  }

  /** A thread that is gone would never answer. */
  override interrupt(): void {
    this.#handed = 0;
    super.interrupt();
  }

  protected next(runner: VuRunner): void {
    this.#rest(runner);
  }

  override iterationEnded(runner: VuRunner): void {
    if (this.stopping) this.#rest(runner);
    super.iterationEnded(runner);
  }

  #rest(runner: VuRunner): void {
    this.#resting.push(runner);
    this.#free.add(1);
  }

  /** A load that ends with the schedule's last iteration begins no more, even where its timer comes a moment early. */
  protected override windDown(cutMs: number): void {
    if (this.begun && !this.stopping) this.#tick();
    super.windDown(cutMs);
  }
}
