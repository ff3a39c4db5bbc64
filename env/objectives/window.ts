import type { Objective } from '../../reports/record/telemetry/objective.ts';

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * `30d` in ms.
 * @throws RangeError for a duration without a fixed length
 */
export function durationMs(duration: string): number {
  const unit = UNITS_MS[duration.slice(-1)];
  if (unit === undefined) throw new RangeError(`expected a duration in m, h, d or w, found "${duration}"`);
  return Number.parseInt(duration, 10) * unit;
}

/** A rate needs two samples: of four scrapes one may be missed and another be late. */
const LEAST_SCRAPES = 4;

/**
 * The range of a rate: a duration, or four scrapes where these take longer.
 * @param scrapeSeconds interval of Prometheus; left out: that of the schema
 * @throws RangeError for a duration without a fixed length
 */
export function rateRange(duration: string, scrapeSeconds = 15): string {
  const leastSeconds = LEAST_SCRAPES * scrapeSeconds;
  return durationMs(duration) < leastSeconds * 1000 ? `${Math.ceil(leastSeconds)}s` : duration;
}

/** How long the window of an objective is. @param runMs how long the run is, which the window may be */
export function windowMs(window: Objective['window'], runMs: number): number {
  return window.kind === 'run' ? runMs : window.ms;
}
