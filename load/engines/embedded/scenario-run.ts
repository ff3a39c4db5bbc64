import { LONGEST_TIMER_MS } from './http/deadlines.ts';
import { durationOf } from './options.ts';
import type { Arriving, Scenario } from './options.ts';
import { RestingVus } from './resting.ts';
import { ArrivalSchedule } from './schedule.ts';
import { vus } from './vu.ts';
import type { Vu } from './vu.ts';

/** Node's timers have a resolution of 1 ms. */
const SHORTEST_TIMER_MS = 1;

/** What a scenario needs of its load. Times are ms of `performance.now()`. */
export interface Stage {
  /** The function of the script that an iteration calls. */
  iterate: (vu: Vu) => unknown;
  makeVu: () => Vu;
  begun(nowMs: number, dueMs: number): void;
  ended(): void;
  interrupted(): void;
  dropped(nowMs: number, dueMs: number, count: number): void;
  /** An iteration threw, or did not await what it began. */
  failed(error: unknown): void;
  unawaited(): void;
}

/** One scenario: begins at its start time, ends when none of its iterations runs any more. */
export abstract class ScenarioRun<Spec extends Scenario = Scenario> {
  protected readonly spec: Spec;
  protected readonly stage: Stage;
  protected startMs = 0;
  /** No new iteration may start. */
  protected stopping = false;
  readonly #running = new Set<Vu>();
  readonly #over = Promise.withResolvers<undefined>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #begun = 0;

  constructor(spec: Spec, stage: Stage) {
    this.spec = spec;
    this.stage = stage;
  }

  /** Begins iterations that are due. */
  protected abstract begin(): void;
  /** A VU is free again. */
  protected abstract rest(vu: Vu): void;
  /** Begins or drops what is due by the end of the scenario's time. */
  protected abstract expire(endMs: number): void;

  /** @param startMs start of the load. Resolves when the scenario has ended */
  async run(startMs: number): Promise<void> {
    this.startMs = startMs + this.spec.startTime;
    const endMs = this.startMs + durationOf(this.spec);
    this.at(endMs, () => {
      if (this.stopping) return;
      this.expire(endMs);
      this.windDown(endMs + this.spec.gracefulStop);
    });
    if (this.spec.startTime === 0) this.begin();
    else this.at(this.startMs, () => this.begin());
    await this.#over.promise;
  }

  /** On request: starts no more iterations than are due by now. Those that run may take another `gracefulStop`. */
  stop(): void {
    const now = performance.now();
    if (this.stopping) return;
    if (now >= this.startMs) this.begin();
    this.windDown(now + this.spec.gracefulStop);
  }

  /** Ends everything now. */
  cut(): void {
    this.stopping = true;
    for (const vu of this.#running) {
      vu.cut();
      this.stage.interrupted();
    }
    this.#running.clear();
    this.endIfIdle();
  }

  protected windDown(cutMs: number): void {
    this.stopping = true;
    this.at(cutMs, () => this.cut());
    this.endIfIdle();
  }

  protected endIfIdle(): void {
    if (!this.stopping || this.#running.size > 0) return;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#over.resolve(undefined);
  }

  /** @param dueMs when it was due by its schedule; null: it has none */
  protected async iterate(vu: Vu, dueMs: number | null): Promise<void> {
    const { stage } = this;
    const now = performance.now();
    this.#running.add(vu);
    vu.begin(this.#begun++, dueMs === null ? 0 : Math.max(0, now - dueMs));
    stage.begun(now, dueMs ?? now);
    try {
      await vus.run(vu, stage.iterate, vu);
      if (vu.pending > 0) stage.unawaited();
    } catch (error) {
      if (!vu.over) stage.failed(error);
    }
    if (vu.over) return;
    stage.ended();
    this.#running.delete(vu);
    this.rest(vu);
    this.endIfIdle();
  }

  /** Calls `what` at a time, unless the scenario has ended by then. */
  protected at(ms: number, what: () => void): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        what();
      },
      Math.min(LONGEST_TIMER_MS, Math.max(0, ms - performance.now())),
    );
    this.#timers.add(timer);
    return timer;
  }
}

/**
 * Starts iterations when they are due, whether or not earlier ones have ended. One timer is set for the next one that is due. After a stall all
 * overdue iterations start at once, and keep their intended start times. One that finds no idle VU is dropped, as in k6.
 */
export class ArrivalRate extends ScenarioRun<Arriving> {
  readonly #schedule = new ArrivalSchedule(this.spec);
  readonly #resting = new RestingVus(
    Array.from({ length: this.spec.maxVUs ?? this.spec.preAllocatedVUs }, this.stage.makeVu),
    (vu) => vu.client.close(),
  );
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  protected begin(now = performance.now()): void {
    clearTimeout(this.#timer);
    for (;;) {
      const due = this.#schedule.dueMs(this.#next);
      if (due === null || this.stopping) return;
      const dueMs = this.startMs + due;
      if (dueMs > now) {
        this.#timer = this.at(now + Math.max(SHORTEST_TIMER_MS, Math.floor(dueMs - now)), () => this.begin());
        return;
      }
      this.#next++;
      const vu = this.#resting.take(now);
      if (vu === undefined) this.stage.dropped(now, dueMs, 1);
      else void this.iterate(vu, dueMs);
    }
  }

  /** A ramp's last iteration is due exactly at the end: its timer may fire after the end's. */
  protected expire(endMs: number): void {
    this.begin(Math.max(performance.now(), endMs));
  }

  protected rest(vu: Vu): void {
    this.#resting.rest(vu, performance.now());
  }
}

/** A number of iterations: a VU that is free runs the next one. */
export class SharedIterations extends ScenarioRun<Extract<Scenario, { iterations: number }>> {
  #left = this.spec.iterations;
  #isBegun = false;

  protected begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    for (let made = 0; made < this.spec.vus; made++) this.rest(this.stage.makeVu());
  }

  protected rest(vu: Vu): void {
    if (this.stopping || this.#left === 0) {
      this.stopping = true;
      return;
    }
    this.#left--;
    // An iteration that awaited nothing must yield, or nothing else would run.
    if (vu.waited || vu.iteration === null) void this.iterate(vu, null);
    else setImmediate(() => void this.iterate(vu, null));
  }

  /** As in k6, those that the time was too short for are dropped. */
  protected expire(endMs: number): void {
    if (this.#left > 0) this.stage.dropped(endMs, endMs, this.#left);
  }
}

export function scenarioRun(spec: Scenario, stage: Stage): ScenarioRun {
  return spec.executor === 'shared-iterations'
    ? new SharedIterations(spec, stage)
    : new ArrivalRate(spec, stage);
}
