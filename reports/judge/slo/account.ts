import type { Objective } from '../../record/objective.ts';
import { widthOf } from './series/series.ts';
import type { Grid } from './series/series.ts';
import type { Span } from './series/span.ts';

/**
 * Events or slices of a stretch of time, counted twice: with everything unobserved taken as good (best), and as bad (worst). What was seen
 * to be bad is bad in both.
 */
export interface Account {
  total: number;
  badBest: number;
  badWorst: number;
  /** Share of the stretch that was observed. */
  coverage: number;
  /** What was observed alone: events, or slices of which all was observed, or enough to be bad. */
  seen: { total: number; bad: number };
  /** Slices that are known to have had no events; 0 where events are counted. */
  quiet: number;
}

/**
 * Events of a stretch. For a gap, the larger of two estimates counts: the mean rate of the observed time, or the growth of a counter that
 * survived the gap.
 */
export function eventsOf(grid: Grid, span: Span, ratePerMs = meanRate(grid)): Account {
  const found = { total: 0, bad: 0, gapTotal: 0, gapBad: 0, gapMs: 0 };
  const from = (span.fromMs - grid.fromMs) / grid.stepMs;
  const to = (span.toMs - grid.fromMs) / grid.stepMs;
  const first = Math.max(0, Math.floor(from));
  for (let index = first; index < Math.min(grid.total.length, to); index += 1) {
    const width = widthOf(grid, index);
    const share = (Math.min(index + width, to) - Math.max(index, from)) / width;
    found.total += (grid.total[index] ?? 0) * share;
    found.bad += (grid.bad[index] ?? 0) * share;
    found.gapTotal += (grid.gapTotal[index] ?? 0) * share;
    found.gapBad += (grid.gapBad[index] ?? 0) * share;
    found.gapMs += (grid.gapMs[index] ?? 0) * share;
  }
  const unseen = Math.max(found.gapTotal, ratePerMs * found.gapMs);
  return {
    total: found.total + unseen,
    badBest: found.bad + found.gapBad,
    badWorst: found.bad + unseen,
    coverage: Math.max(0, 1 - found.gapMs / (span.toMs - span.fromMs)),
    seen: { total: found.total, bad: found.bad },
    quiet: 0,
  };
}

/** Events per ms, averaged over the observed time of the whole window. */
export function meanRate(grid: Grid): number {
  const events = grid.total.reduce((sum, one) => sum + one, 0);
  const known = grid.toMs - grid.fromMs - grid.gapMs.reduce((sum, one) => sum + one, 0);
  return known > 0 ? events / known : 0;
}

/**
 * Slices of a stretch, cut from its end backwards, so that the newest is whole. A slice without events is good if its time was observed:
 * nobody was refused. It also counts as quiet, since it proves nothing. If its time was not observed, it is unknown.
 */
export function slicesOf(grid: Grid, span: Span, slice: { target: number; ms: number }): Account {
  const rate = meanRate(grid);
  const count = Math.max(1, Math.floor((span.toMs - span.fromMs) / slice.ms + EPSILON));
  const account: Account = {
    total: count,
    badBest: 0,
    badWorst: 0,
    coverage: eventsOf(grid, span, rate).coverage,
    seen: { total: 0, bad: 0 },
    quiet: 0,
  };
  for (let index = 0; index < count; index += 1) {
    const toMs = span.toMs - index * slice.ms;
    const events = eventsOf(grid, { fromMs: Math.max(span.fromMs, toMs - slice.ms), toMs }, rate);
    const nothing = events.total === 0;
    const covered = events.coverage > 1 - EPSILON;
    const bad = Number(isBad(events.badBest, events.total, slice.target));
    if (nothing && covered) account.quiet += 1;
    account.seen.total += Math.max(Number(covered), bad);
    account.seen.bad += bad;
    account.badBest += bad;
    if ((nothing && !covered) || isBad(events.badWorst, events.total, slice.target)) account.badWorst += 1;
  }
  return account;
}

/** Rounding of proportional shares must not make a slice bad. */
const EPSILON = 1e-9;

function isBad(bad: number, total: number, target: number): boolean {
  return total > 0 && bad / total > 1 - target + EPSILON;
}

/** Counts a stretch of time in the objective's unit: slices or events. */
export function accountOf(objective: Objective, grid: Grid, span: Span): Account {
  return objective.method === 'Timeslices' && objective.slice !== null
    ? slicesOf(grid, span, objective.slice)
    : eventsOf(grid, span);
}
