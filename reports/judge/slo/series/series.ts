/**
 * What a source of metrics recorded, brought onto one grid: for each step of the window how many events there were, how many of them were
 * bad, and for how much of it nothing is known.
 */
import type { Objective, Series } from '../../../record/objective.ts';
import { gapStretches, touching } from './gaps.ts';
import type { Gap } from './gaps.ts';
import { increases } from './counters.ts';
import type { Found } from './counters.ts';
import { targetsIn } from './selector.ts';
import { moments, paced, spread, timesOf, uncovered } from './span.ts';
import type { At, Span } from './span.ts';
import { targetsOf } from './targets.ts';
import type { Targets } from './targets.ts';

export interface Grid extends Span {
  stepMs: number;
  /** End of the whole window: a calendar period may end after `toMs`. */
  endMs: number;
  /** Events of each step that were seen, and the bad ones among them. */
  total: Float64Array;
  bad: Float64Array;
  /** Events that counters show for unobserved time, and the bad ones among them. */
  gapTotal: Float64Array;
  gapBad: Float64Array;
  /** Unobserved ms of each step; where only some targets were missed, weighted by their share. */
  gapMs: Float64Array;
  gaps: Gap[];
  /** Counter resets: a process was restarted. */
  resets: number;
}

/** The answers to the queries of an objective, by query. */
export type Answers = ReadonlyMap<string, readonly Series[]>;

/**
 * @param asked the window, and the spacing of its points
 * @returns null when a query of the objective has no answer at all
 */
export function gridOf(objective: Objective, answers: Answers, asked: At): Grid | null {
  const { indicator } = objective;
  const up = targetsIn(objective, answers);
  // Prometheus writes `up` with every attempt.
  const at = paced(
    asked,
    up.map(({ points }) => points.map(([t]) => t)),
  );
  const main = answers.get(indicator.kind === 'ratio' ? indicator.total : indicator.query);
  if (main === undefined) return null;
  if (indicator.kind === 'threshold') return thresholdGrid(main, indicator, { at, up });
  const other = answers.get(indicator.good ?? indicator.bad ?? '');
  return other === undefined ? null : ratioGrid([main, other], indicator, { at, up });
}

type Ratio = Extract<Objective['indicator'], { kind: 'ratio' }>;
type Threshold = Extract<Objective['indicator'], { kind: 'threshold' }>;

interface Around {
  at: At;
  /** Whether targets answered when they were scraped. */
  up: readonly Series[];
}

function emptyGrid({ fromMs, toMs, stepMs, endMs = toMs }: At): Grid {
  const size = Math.max(1, Math.ceil((toMs - fromMs) / stepMs));
  const column = (): Float64Array => new Float64Array(size);
  return {
    fromMs,
    toMs,
    stepMs,
    endMs,
    gaps: [],
    resets: 0,
    total: column(),
    bad: column(),
    gapTotal: column(),
    gapBad: column(),
    gapMs: column(),
  };
}

/** Width of a step, as a fraction of a full one: the last is cut off at the end of the window. */
export function widthOf({ fromMs, toMs, stepMs }: Grid, index: number): number {
  return Math.min(1, (toMs - fromMs) / stepMs - index);
}

function thresholdGrid(series: readonly Series[], indicator: Threshold, { at, up }: Around): Grid {
  const grid = emptyGrid(at);
  for (const { points } of series) {
    for (const [t, value] of points) {
      const index = Math.min(grid.total.length - 1, Math.floor((t - at.fromMs) / at.stepMs));
      // Not a number: the source answered, but had no traffic to measure.
      if (value === null || index < 0 || t > at.toMs) continue;
      grid.total[index] = (grid.total[index] ?? 0) + 1;
      if (!holds(value, indicator)) grid.bad[index] = (grid.bad[index] ?? 0) + 1;
    }
  }
  markPoints(grid, timesOf(series, true), { at, up });
  return grid;
}

function holds(value: number, { op, value: limit }: Threshold): boolean {
  if (op === 'lte') return value <= limit;
  if (op === 'lt') return value < limit;
  return op === 'gte' ? value >= limit : value > limit;
}

/** @param answers those to the query for all events, and to that for the good or the bad ones */
function ratioGrid(
  [main, other]: readonly [readonly Series[], readonly Series[]],
  indicator: Ratio,
  { at, up }: Around,
): Grid {
  const grid = emptyGrid(at);
  const targets = targetsOf(up, [main, other], at);
  const read = (series: readonly Series[], found: Found): number =>
    indicator.counter ? increases(series, { targets, at }, found) : amounts(series, at, found);
  const second = { total: emptyGrid(at).total, gapTotal: emptyGrid(at).total };
  grid.resets = read(main, placing(grid, at));
  read(other, placing(second, at));
  const isGood = indicator.good !== null;
  grid.bad = badOf(grid.total, second.total, isGood);
  grid.gapBad = badOf(grid.gapTotal, second.gapTotal, isGood);
  if (indicator.counter) mark(grid, targets, hiddenOf(main, targets, at), at);
  else markPoints(grid, timesOf(main, false), { at, up });
  return grid;
}

function placing(into: Pick<Grid, 'total' | 'gapTotal'>, at: At): Found {
  return (one) => spread(one.unseen ? into.gapTotal : into.total, one, at);
}

/** @param isGood whether the second query counts the good ones */
function badOf(total: Float64Array, second: Float64Array, isGood: boolean): Float64Array {
  return total.map((all, index) => {
    const value = second[index] ?? 0;
    // The two are scraped at slightly different moments, so either may be ahead of the other.
    return Math.min(all, Math.max(0, isGood ? all - value : value));
  });
}

/** Events at each point in time; a point stands for the step that ends there. @returns 0: what is no counter is not reset */
function amounts(series: readonly Series[], { stepMs }: At, found: Found): 0 {
  for (const { points } of series)
    for (const [t, value] of points)
      if (value !== null && value > 0) found({ fromMs: t - stepMs, toMs: t, amount: value, unseen: false });
  return 0;
}

/** For counters of no known target, such as those of a recording rule, the gaps between their own samples are unobserved. */
function hiddenOf(main: readonly Series[], targets: Targets, at: At): Span[] {
  if (targets.all.length === 0) return [{ fromMs: at.fromMs, toMs: at.toMs }];
  const stray = main.filter(({ labels }) => targets.of(labels) === undefined);
  return stray.length === 0 ? [] : uncovered(moments(timesOf(stray, false)), at);
}

/** For points that the source computed: where some targets were missed, that share of a point's events is unknown. */
function markPoints(grid: Grid, times: readonly number[], { at, up }: Around): void {
  const targets = up.length === 0 ? { all: [] } : targetsOf(up, [[], []], at);
  mark(grid, targets, uncovered(moments(times), at), at);
  grid.gapMs.forEach((ms, index) => {
    const unseen = Math.min(1, ms / (grid.stepMs * widthOf(grid, index)));
    grid.gapTotal[index] = (grid.total[index] ?? 0) * unseen;
    grid.gapBad[index] = (grid.bad[index] ?? 0) * unseen;
    grid.total[index] = (grid.total[index] ?? 0) * (1 - unseen);
    grid.bad[index] = (grid.bad[index] ?? 0) * (1 - unseen);
  });
}

function mark(grid: Grid, { all }: Pick<Targets, 'all'>, hidden: readonly Span[], at: At): void {
  const stretches = gapStretches(all, hidden, at);
  grid.gaps = touching(stretches);
  for (const { fromMs, toMs, share } of stretches)
    spread(grid.gapMs, { fromMs, toMs, amount: (toMs - fromMs) * share }, at);
}
