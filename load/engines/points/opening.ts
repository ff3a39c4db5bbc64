/** When a load began, as its first samples tell. */
import type { PointLine } from './points.ts';

/** Samples held back at most until one with a duration has come. */
const MOST_HELD = 500;
/** Gauges are sampled from before the first iteration, while VUs are still being made. */
const GAUGES: ReadonlySet<string> = new Set(['vus', 'vus_max']);
const DURATIONS: ReadonlySet<string> = new Set(['iteration_duration', 'http_req_duration']);

/**
 * Holds back the first samples until the beginning is known: the start of the first request or iteration, which k6 tells only by the
 * time at which it ended and how long it took.
 */
export class Opening {
  readonly #use: (point: PointLine) => void;
  #held: PointLine[] | null = [];
  beganMs: number | null = null;

  constructor(use: (point: PointLine) => void) {
    this.#use = use;
  }

  take(point: PointLine): void {
    if (this.#held === null) {
      this.#use(point);
      return;
    }
    this.#held.push(point);
    if (DURATIONS.has(point.metric) || this.#held.length >= MOST_HELD) this.end();
  }

  /** Uses what was held back. */
  end(): void {
    const held = this.#held ?? [];
    if (held.length === 0) return;
    this.#held = null;
    const ofLoad = held.filter(({ metric }) => !GAUGES.has(metric));
    const starts = (ofLoad.length > 0 ? ofLoad : held).map(({ metric, timeMs, value }) =>
      DURATIONS.has(metric) ? timeMs - value : timeMs,
    );
    this.beganMs = Math.min(...starts);
    held.forEach(this.#use);
  }
}
