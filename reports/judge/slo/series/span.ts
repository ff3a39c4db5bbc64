/** Stretches of wall clock time, and what is spread over them. */
import type { Series } from '../../../record/objective.ts';

/** Wall clock, ms. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** A window, and how densely it was sampled. */
export interface At extends Span {
  /** Spacing of the points: the scrape interval, the step of a query, or the spacing left after thinning out. */
  stepMs: number;
  /** Scrape interval; `stepMs` when left out. */
  scrapeMs?: number;
  /** End of the whole window if it is in the future, such as that of the current month; `toMs` when left out. */
  endMs?: number;
}

/** One missing scrape is ordinary, two in a row are a gap; half an interval for the jitter of scraping. */
const GAP_SCRAPES = 2.5;

/** Samples further apart than this are a gap, ms. Samples that were thinned out lie a step apart. */
export function gapLimitMs({ stepMs, scrapeMs = stepMs }: At): number {
  return Math.max(stepMs, GAP_SCRAPES * scrapeMs);
}

/**
 * A target without a sample for this long was not known, ms. Where samples were thinned out, nobody can tell a target that is scraped once a step
 * from one that is scraped more often, so that both are given the time of the former.
 */
export function absentLimitMs({ stepMs, scrapeMs = stepMs }: At): number {
  return GAP_SCRAPES * Math.max(stepMs, scrapeMs);
}

/** Attempts by which the interval of a target is told; more would tell no more. */
const MOST_ATTEMPTS = 500;
/** An interval that is longer by less than this is the declared one, with its jitter and a missing sample. */
const LONGER = 1.5;

/**
 * The window with the interval at which its targets are scraped, where that is longer than the declared one: each scrape would be a gap, although
 * nothing is missing.
 * @param attempts times at which a target was asked, whether or not it answered, ascending; of each target
 */
export function paced(at: At, attempts: readonly (readonly number[])[]): At {
  const apart = attempts.flatMap((times) =>
    times.slice(1, MOST_ATTEMPTS).map((t, index) => t - (times[index] ?? t)),
  );
  const usual = apart.toSorted((a, b) => a - b)[apart.length >> 1] ?? 0;
  const { stepMs, scrapeMs = stepMs } = at;
  return usual > LONGER * Math.max(stepMs, scrapeMs) ? { ...at, scrapeMs: usual } : at;
}

/** Stretches of the window that no span covers and that exceed the gap limit, also at its two ends. */
export function uncovered(spans: readonly Span[], at: At): Span[] {
  const limit = gapLimitMs(at);
  const found: Span[] = [];
  let last = at.fromMs;
  for (const { fromMs, toMs } of [...spans, { fromMs: at.toMs, toMs: at.toMs }].sort(byStart)) {
    const until = Math.min(fromMs, at.toMs);
    if (until - last > limit) found.push({ fromMs: last, toMs: until });
    last = Math.max(last, toMs);
  }
  return found;
}

const byStart = (a: Span, b: Span): number => a.fromMs - b.fromMs;

/** Moments as spans without length. */
export function moments(times: readonly number[]): Span[] {
  return times.map((t) => ({ fromMs: t, toMs: t }));
}

/** Times at which anything was recorded, ascending. @param withNull whether a value that is no number counts */
export function timesOf(series: readonly Series[], withNull: boolean): number[] {
  const times = new Set<number>();
  for (const { points } of series)
    for (const [t, value] of points) if (withNull || value !== null) times.add(t);
  return [...times].sort((a, b) => a - b);
}

/** The last of ascending times before `t`; undefined when there is none. */
export function lastBefore(times: readonly number[], t: number): number | undefined {
  let lo = 0;
  let hi = times.length;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if ((times[middle] ?? Infinity) < t) lo = middle + 1;
    else hi = middle;
  }
  return times[lo - 1];
}

/** Spreads an amount evenly over the steps of its span; the part outside the window is dropped. */
export function spread(
  column: Float64Array,
  { fromMs, toMs, amount }: Span & { amount: number },
  at: At,
): void {
  const from = (fromMs - at.fromMs) / at.stepMs;
  const to = (toMs - at.fromMs) / at.stepMs;
  for (let index = Math.max(0, Math.floor(from)); index < Math.min(column.length, to); index += 1) {
    const share = (Math.min(index + 1, to) - Math.max(index, from)) / (to - from);
    column[index] = (column[index] ?? 0) + amount * Math.max(0, share);
  }
}
