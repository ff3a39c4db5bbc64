/** Determines from the first samples when a load began. */
import type { PointLine } from './points.ts';

/** Maximum of samples held back while waiting for one with a duration. */
const MOST_HELD = 500;
/** Ignored for the beginning: k6 samples these gauges while VUs are still being made, before the first iteration. */
const GAUGES: ReadonlySet<string> = new Set(['vus', 'vus_max']);
const DURATIONS: ReadonlySet<string> = new Set(['iteration_duration', 'http_req_duration']);

/**
 * Holds back the first samples until the beginning of the load is known. It is the start of the first request or iteration, of which k6
 * reports only the end and the duration.
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

  /** Sets the beginning and passes the held-back samples on. */
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
