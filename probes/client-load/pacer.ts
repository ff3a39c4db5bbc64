import { monoMs } from '../../host/clock.ts';

/** A fixed schedule: operation `n` (from 1) is due at `startMs + (n - 1) × spacing`, whatever became of those before it. */
export interface Schedule {
  ratePerSecond: number;
  startMs: number;
  due(n: number, intendedMs: number): void;
}

/** Timers of Node have a resolution of 1 ms and fire up to 1 ms early or late; nothing is gained by asking for less. */
const SHORTEST_TIMER_MS = 1;

/**
 * Calls every schedule when it is due, from one timer that is set again for the next instant. No spinning: on two cores
 * that are shared with the cluster a busy loop would delay what is measured. After a stall all that is overdue is called
 * at once, with the intended times that it had.
 */
export class Pacer {
  readonly #lanes: { schedule: Schedule; spacingMs: number; next: number }[];
  #timer: NodeJS.Timeout | null = null;

  constructor(schedules: readonly Schedule[]) {
    this.#lanes = schedules
      .filter((schedule) => schedule.ratePerSecond > 0)
      .map((schedule) => ({ schedule, spacingMs: 1000 / schedule.ratePerSecond, next: 1 }));
  }

  start(): void {
    this.#arm();
  }

  /** Nothing is called any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(): void {
    const next = Math.min(
      ...this.#lanes.map((lane) => lane.schedule.startMs + (lane.next - 1) * lane.spacingMs),
    );
    const delayMs = Math.max(SHORTEST_TIMER_MS, Math.floor(next - monoMs()));
    this.#timer = setTimeout(() => {
      this.#tick();
    }, delayMs);
  }

  #tick(): void {
    this.#timer = null;
    const now = monoMs();
    for (const lane of this.#lanes) {
      for (;;) {
        const intended = lane.schedule.startMs + (lane.next - 1) * lane.spacingMs;
        if (intended > now) break;
        lane.schedule.due(lane.next++, intended);
      }
    }
    this.#arm();
  }
}
