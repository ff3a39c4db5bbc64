import type { Objective } from '../../reports/record/objective.ts';

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const MONTHS: Readonly<Record<string, number>> = { M: 1, Q: 3, Y: 12 };
/** Days of a `d` or a `w` of the calendar, which may have 23 or 25 hours each. */
const DAYS: Readonly<Record<string, number>> = { d: 1, w: 7 };

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

/** From when to when an objective is judged, wall clock ms. */
export interface Bounds {
  fromMs: number;
  /** Now. */
  toMs: number;
  /** End of the whole window: of the calendar period, which may lie in the future; otherwise `toMs`. */
  endMs: number;
}

/** @param runFromMs when the run began: start of the window of an objective whose window is the run */
export function windowBounds(window: Objective['window'], nowMs: number, runFromMs: number): Bounds {
  if (window.kind === 'run') return { fromMs: runFromMs, toMs: nowMs, endMs: nowMs };
  if (window.kind === 'rolling') return { fromMs: nowMs - window.ms, toMs: nowMs, endMs: nowMs };
  return { ...periodOf(window, nowMs), toMs: nowMs };
}

/** The period of the calendar that `nowMs` lies in. */
function periodOf(
  window: Extract<Objective['window'], { kind: 'calendar' }>,
  nowMs: number,
): { fromMs: number; endMs: number } {
  const { duration, startTime, timeZone } = window;
  const count = Number.parseInt(duration, 10);
  const unit = duration.slice(-1);
  const start = partsOf(startTime);
  const at = (index: number): number => {
    const months = (MONTHS[unit] ?? 0) * count * index;
    const days = (DAYS[unit] ?? 0) * count * index;
    return instant({ ...start, month: start.month + months }, days, timeZone);
  };
  // A month has at least 28 days, a day at least 23 hours: the first index is too far from the start, if anything, and the loops mend it.
  const shortest = (MONTHS[unit] ?? 0) * count * 28 * 86_400_000 + (DAYS[unit] ?? 0) * count * 82_800_000;
  let index = Math.ceil((nowMs - at(0)) / shortest);
  while (at(index) > nowMs) index -= 1;
  while (at(index + 1) <= nowMs) index += 1;
  return { fromMs: at(index), endMs: at(index + 1) };
}

interface Parts {
  year: number;
  month: number;
  day: number;
  seconds: number;
}

function partsOf(startTime: string): Parts {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = startTime
    .split(/[^\d]/)
    .map(Number);
  return { year, month, day, seconds: hour * 3600 + minute * 60 + second };
}

/** The moment at which clocks of a time zone show that time, so many days later. */
function instant({ year, month, day, seconds }: Parts, daysLater: number, timeZone: string): number {
  // A day that the month does not have is its last: of `1M` from the 31st, not of days that are counted on.
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const local = Date.UTC(year, month - 1, Math.min(day, last) + daysLater, 0, 0, seconds);
  // Twice: the first guess may lie on the other side of a change of the clocks.
  const guess = local - offsetMs(local, timeZone);
  return local - offsetMs(guess, timeZone);
}

/** How far the clocks of a time zone are ahead of UTC at a moment, ms. */
function offsetMs(atMs: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const found = Object.fromEntries(
    format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = found;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
}
