import type { Objective } from '../../record/objective.ts';
import { accountOf } from './account.ts';
import type { Range } from './budget.ts';
import type { Grid } from './series/series.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Google's SRE workbook, "Alerting on SLOs", multiwindow multi-burn-rate alerts for a window of 30 days: 2 % of the budget in an hour, 5 %
 * in six hours, 10 % in three days; the short window, a twelfth of the long one, says whether the budget is still burning.
 */
const PAIRS = [
  { factor: 14.4, longMs: HOUR_MS, shortMs: 5 * MINUTE_MS },
  { factor: 6, longMs: 6 * HOUR_MS, shortMs: 30 * MINUTE_MS },
  { factor: 1, longMs: 3 * DAY_MS, shortMs: 6 * HOUR_MS },
] as const;
const REFERENCE_MS = 30 * DAY_MS;
const LONGEST_MS = 3 * DAY_MS;

export interface BurnRate {
  factor: number;
  longMs: number;
  shortMs: number;
  /** 1: the workbook's windows; below 1: all are shortened by this factor, because the objective's window is shorter than three days. */
  scale: number;
  /** Multiples of the rate that would spend the budget exactly by the end of the window; null: not computed. */
  long: Range | null;
  short: Range | null;
  /** burning: both windows are above the factor whatever the gaps hide; unknown: that depends on the gaps, or was not computed. */
  state: 'burning' | 'quiet' | 'unknown';
  /** Why it was not computed; empty where it was. */
  reason: string;
}

/**
 * How fast the budget is being spent at the end of the window, for the three pairs. If the objective's window is shorter than three days,
 * every pair is shortened by (window / 30 days), so that each still stands for the same share of the budget. A pair whose short window
 * holds fewer than two steps of the data, or no whole slice, is not computed; its `reason` says so.
 */
export function burnRates(objective: Objective, grid: Grid): BurnRate[] {
  const windowMs = grid.toMs - grid.fromMs;
  const scale = windowMs < LONGEST_MS ? windowMs / REFERENCE_MS : 1;
  return PAIRS.map(({ factor, longMs, shortMs }) => {
    const pair = { factor, longMs: longMs * scale, shortMs: shortMs * scale, scale };
    const reason = notComputable(objective, grid, pair.shortMs);
    if (reason !== '') return { ...pair, long: null, short: null, state: 'unknown', reason };
    const long = rateOver(objective, grid, pair.longMs);
    const short = rateOver(objective, grid, pair.shortMs);
    return { ...pair, long, short, state: stateOf(factor, long, short), reason };
  });
}

function notComputable({ slice, method }: Objective, { stepMs }: Grid, shortMs: number): string {
  if (shortMs < 2 * stepMs)
    return `a window of ${seconds(shortMs)} s holds no two points of data that are ${seconds(stepMs)} s apart`;
  if (method === 'Timeslices' && slice !== null && shortMs < slice.ms)
    return `a window of ${seconds(shortMs)} s is shorter than a slice of ${seconds(slice.ms)} s`;
  return '';
}

function rateOver(objective: Objective, grid: Grid, lengthMs: number): Range {
  const { total, badBest, badWorst } = accountOf(objective, grid, {
    fromMs: grid.toMs - lengthMs,
    toMs: grid.toMs,
  });
  const rate = (bad: number): number => (total === 0 ? 0 : bad / total / (1 - objective.target));
  return { best: rate(badBest), worst: rate(badWorst) };
}

function stateOf(factor: number, long: Range, short: Range): BurnRate['state'] {
  if (long.best >= factor && short.best >= factor) return 'burning';
  return long.worst < factor || short.worst < factor ? 'quiet' : 'unknown';
}

const seconds = (ms: number): number => Number((ms / 1000).toPrecision(3));
