import type { NamedScenario } from '../options/scenario.ts';
import { RestingVus } from './resting.ts';
import type { VuRunner } from './runner.ts';
import { ArrivalSchedule } from './schedule.ts';
import { ScenarioRun } from './scenario-run.ts';
import type { Crew } from './scenario-run.ts';

/** Node's timers have a resolution of 1 ms. */
const SHORTEST_TIMER_MS = 1;

type Arriving = NamedScenario & { executor: 'constant-arrival-rate' | 'ramping-arrival-rate' };

/**
 * Starts iterations when they are due, whether or not earlier ones have ended. One timer is set for the next one that is due. After a
 * stall all overdue iterations start at once, and keep their intended start times. Each thread has every `count`th iteration. If it has no
 * free VU, it hands the iteration to a thread that has. If none has, the iteration is dropped as in k6, and a VU is made for later ones,
 * up to `maxVUs`.
 */
export class ArrivalRate extends ScenarioRun<Arriving> {
  readonly #schedule = new ArrivalSchedule(this.spec);
  /** Some may be reserved for iterations that other threads are handing over. */
  readonly #resting = new RestingVus<VuRunner>(this.runners, ({ vu }) => vu.client.close());
  #next = this.crew.segment.index;
  /** Iterations handed to other threads that have not answered yet. */
  #handed = 0;
  /** Iterations handed over by threads that began before this one. */
  readonly #early: number[] = [];

  constructor(spec: Arriving, crew: Crew) {
    super(spec, crew);
    this.#free.set(this.runners.length);
  }

  get #free(): Crew['cells']['recruits'] {
    const cell = this.cells.free[this.crew.segment.index];
    if (cell === undefined)
      throw new Error(
        `internal error: thread ${this.crew.segment.index} is missing on the board that the threads of the load share`,
      );
    return cell;
  }

  protected begin(): void {
    for (const dueMs of this.#early.splice(0)) this.take(dueMs);
    this.#tick();
  }

  /** Iterations due exactly at the end (a ramp's last one) are started or dropped first: their timer may fire after the end's. */
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
    const runner = this.#resting.take(performance.now());
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

  /** Stops waiting for answers: a thread that has ended would never send one. */
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
    this.#resting.rest(runner, performance.now());
    this.#free.add(1);
  }

  /** Starts the iterations that are due by now before it stops: their timer may not have fired yet. */
  protected override windDown(cutMs: number): void {
    if (this.begun && !this.stopping) this.#tick();
    super.windDown(cutMs);
  }
}
