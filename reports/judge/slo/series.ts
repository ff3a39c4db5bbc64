/**
 * What a source of metrics recorded, brought onto one grid: for each step of the window how many events there were, how many of them were
 * bad, and for how much of it nothing is known.
 */
import type { Objective, Series } from '../../record/objective.ts';

/** Wall clock, ms. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** One missing scrape is ordinary, two in a row are a gap; half a step for the jitter of scraping. */
const GAP_STEPS = 2.5;

export interface Grid extends Span {
  stepMs: number;
  /** Events of each step, and the bad ones among them. */
  total: Float64Array;
  bad: Float64Array;
  /** Of each step, the ms that lie in a gap. */
  gapMs: Float64Array;
  gaps: Span[];
  /** Counters that began anew: a process was restarted. */
  resets: number;
}

/** The answers to the queries of an objective, by query. */
export type Answers = ReadonlyMap<string, readonly Series[]>;

/**
 * @param span the window, wall clock ms
 * @param stepMs distance of the points: the interval of scraping, or the step of the query
 * @returns null when a query of the objective has no answer at all
 */
export function gridOf(objective: Objective, answers: Answers, at: Span & { stepMs: number }): Grid | null {
  const { indicator } = objective;
  const main = answers.get(indicator.kind === 'ratio' ? indicator.total : indicator.query);
  if (main === undefined) return null;
  if (indicator.kind === 'threshold') return thresholdGrid(main, indicator, at);
  const other = answers.get(indicator.good ?? indicator.bad ?? '');
  return other === undefined ? null : ratioGrid(main, other, { at, indicator });
}

type Ratio = Extract<Objective['indicator'], { kind: 'ratio' }>;
type Threshold = Extract<Objective['indicator'], { kind: 'threshold' }>;
type At = Span & { stepMs: number };

function emptyGrid({ fromMs, toMs, stepMs }: At): Grid {
  const size = Math.max(1, Math.ceil((toMs - fromMs) / stepMs));
  const column = (): Float64Array => new Float64Array(size);
  return { fromMs, toMs, stepMs, total: column(), bad: column(), gapMs: column(), gaps: [], resets: 0 };
}

function thresholdGrid(series: readonly Series[], indicator: Threshold, at: At): Grid {
  const grid = emptyGrid(at);
  for (const { points } of series) {
    for (const [t, value] of points) {
      const index = Math.min(grid.total.length - 1, Math.floor((t - at.fromMs) / at.stepMs));
      // No number: there was no traffic to measure, and the source has answered all the same.
      if (value === null || index < 0 || t > at.toMs) continue;
      grid.total[index] = (grid.total[index] ?? 0) + 1;
      if (!holds(value, indicator)) grid.bad[index] = (grid.bad[index] ?? 0) + 1;
    }
  }
  markGaps(grid, gapsOf(timesOf(series, true), at));
  return grid;
}

function holds(value: number, { op, value: limit }: Threshold): boolean {
  if (op === 'lte') return value <= limit;
  if (op === 'lt') return value < limit;
  return op === 'gte' ? value >= limit : value > limit;
}

function ratioGrid(
  main: readonly Series[],
  other: readonly Series[],
  { at, indicator }: { at: At; indicator: Ratio },
): Grid {
  const grid = emptyGrid(at);
  const times = timesOf(main, false);
  const read = indicator.counter ? increases : amounts;
  const totals = read(main, times, at);
  const others = read(other, times, at);
  for (const one of totals.found) spread(grid.total, one, at);
  const second = new Float64Array(grid.total.length);
  for (const one of others.found) spread(second, one, at);
  grid.total.forEach((total, index) => {
    const value = second[index] ?? 0;
    // Scraped a moment apart the two may differ a little either way.
    grid.bad[index] = Math.min(total, Math.max(0, indicator.good === null ? value : total - value));
  });
  grid.resets = totals.resets;
  markGaps(grid, joined([...gapsOf(times, at), ...totals.blind]));
  return grid;
}

interface Increase extends Span {
  amount: number;
}

interface Read {
  found: Increase[];
  /** A counter began anew while nobody looked: what it had counted by then is lost. */
  blind: Span[];
  resets: number;
}

/**
 * How counters grew from each sample to the next. A counter that fell began anew: it has counted its new value since. One that appears
 * while the source was already scraping others counts from 0, since a counter comes into being with its first event; the first error of a
 * service would be missed otherwise. The first samples of all are where counting begins.
 */
function increases(series: readonly Series[], times: readonly number[], at: At): Read {
  const read: Read = { found: [], blind: [], resets: 0 };
  const first = times[0] ?? Infinity;
  for (const { points } of series) {
    let before: { t: number; value: number } | null = null;
    for (const [t, value] of points) {
      // Stale or no number: as if it had not been scraped.
      if (value === null) continue;
      if (before !== null) grown(read, before, { t, value }, at.stepMs);
      else if (t > first && seenBefore(times, t, at.stepMs))
        read.found.push({ fromMs: t - at.stepMs, toMs: t, amount: value });
      before = { t, value };
    }
  }
  return read;
}

function grown(
  read: Read,
  before: { t: number; value: number },
  now: { t: number; value: number },
  stepMs: number,
): void {
  const reset = now.value < before.value;
  const amount = reset ? now.value : now.value - before.value;
  const span = { fromMs: before.t, toMs: now.t };
  if (amount > 0) read.found.push({ ...span, amount });
  if (!reset) return;
  read.resets += 1;
  if (now.t - before.t > GAP_STEPS * stepMs) read.blind.push(span);
}

/** Whether anything was scraped shortly before. */
function seenBefore(times: readonly number[], t: number, stepMs: number): boolean {
  let lo = 0;
  let hi = times.length;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if ((times[middle] ?? Infinity) < t) lo = middle + 1;
    else hi = middle;
  }
  const last = times[lo - 1];
  return last !== undefined && t - last <= GAP_STEPS * stepMs;
}

/** Numbers of events for each point of time, each of the step that ends with it. */
function amounts(series: readonly Series[], _times: readonly number[], { stepMs }: At): Read {
  const found = series.flatMap(({ points }) =>
    points.flatMap(([t, value]) =>
      value === null || value <= 0 ? [] : [{ fromMs: t - stepMs, toMs: t, amount: value }],
    ),
  );
  return { found, blind: [], resets: 0 };
}

/** An amount over the steps that it spans, evenly; what lies outside of the window is left out. */
function spread(column: Float64Array, { fromMs, toMs, amount }: Increase, at: At): void {
  const from = (fromMs - at.fromMs) / at.stepMs;
  const to = (toMs - at.fromMs) / at.stepMs;
  for (let index = Math.max(0, Math.floor(from)); index < Math.min(column.length, to); index += 1) {
    const share = (Math.min(index + 1, to) - Math.max(index, from)) / (to - from);
    column[index] = (column[index] ?? 0) + amount * Math.max(0, share);
  }
}

/** Times at which anything was recorded, ascending. @param withNull whether a value that is no number counts */
function timesOf(series: readonly Series[], withNull: boolean): number[] {
  const times = new Set<number>();
  for (const { points } of series)
    for (const [t, value] of points) if (withNull || value !== null) times.add(t);
  return [...times].sort((a, b) => a - b);
}

/** Stretches of the window without any sample, its two ends included. */
function gapsOf(times: readonly number[], { fromMs, toMs, stepMs }: At): Span[] {
  const limit = GAP_STEPS * stepMs;
  const gaps: Span[] = [];
  let last = fromMs;
  for (const t of [...times.filter((one) => one >= fromMs && one <= toMs), toMs]) {
    if (t - last > limit) gaps.push({ fromMs: last, toMs: t });
    last = t;
  }
  return gaps;
}

function joined(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const { fromMs, toMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = found.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else found.push({ fromMs, toMs });
  }
  return found;
}

function markGaps(grid: Grid, gaps: readonly Span[]): void {
  grid.gaps = gaps.map(({ fromMs, toMs }) => ({
    fromMs: Math.max(fromMs, grid.fromMs),
    toMs: Math.min(toMs, grid.toMs),
  }));
  for (const gap of grid.gaps) spread(grid.gapMs, { ...gap, amount: gap.toMs - gap.fromMs }, grid);
}
