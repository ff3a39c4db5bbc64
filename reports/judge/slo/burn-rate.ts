import type { Objective } from '../../record/telemetry/objective.ts';
import type { Window } from './account.ts';
import type { Range } from './budget.ts';

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

export interface BurnPair {
  factor: number;
  longMs: number;
  shortMs: number;
  /** 1: the workbook's windows; below 1: all are shortened by this factor, because the objective's window is shorter than three days. */
  scale: number;
  /** Why it cannot be computed; empty where it can. */
  reason: string;
}

export interface BurnRate extends BurnPair {
  /** Multiples of the rate that would spend the budget exactly by the end of the window; null: not computed. */
  long: Range | null;
  short: Range | null;
  /** burning: both windows are above the factor whatever the gaps hide; unknown: that depends on the gaps, or was not computed. */
  state: 'burning' | 'quiet' | 'unknown';
}

/**
 * The three pairs of windows at the end of an objective's window. If that is shorter than three days, every pair is shortened by
 * (window / 30 days), so that each still stands for the same share of the budget. A pair whose short window holds fewer than two scrapes, or
 * no whole slice, is not computed; its `reason` says so.
 */
export function burnPairs(objective: Objective, windowMs: number, scrapeMs: number): BurnPair[] {
  const scale = windowMs < LONGEST_MS ? windowMs / REFERENCE_MS : 1;
  return PAIRS.map(({ factor, longMs, shortMs }) => {
    const pair = { factor, longMs: longMs * scale, shortMs: shortMs * scale, scale };
    return { ...pair, reason: notComputable(objective, pair.shortMs, scrapeMs) };
  });
}

/** How fast the budget is being spent. @param windowOf what was counted over a window of that length, or why nothing was */
export function burnRates(
  objective: Objective,
  pairs: readonly BurnPair[],
  windowOf: (ms: number) => Window | string,
): BurnRate[] {
  return pairs.map((pair) => {
    const unknown = (reason: string): BurnRate => ({
      ...pair,
      reason,
      long: null,
      short: null,
      state: 'unknown',
    });
    if (pair.reason !== '') return unknown(pair.reason);
    const [long, short] = [windowOf(pair.longMs), windowOf(pair.shortMs)];
    if (typeof long === 'string') return unknown(long);
    if (typeof short === 'string') return unknown(short);
    const rates = { long: rateOf(objective, long), short: rateOf(objective, short) };
    return { ...pair, ...rates, state: stateOf(pair.factor, rates) };
  });
}

function notComputable({ slice, method }: Objective, shortMs: number, scrapeMs: number): string {
  if (shortMs < 2 * scrapeMs)
    return `a window of ${seconds(shortMs)} s holds no two points of data that are ${seconds(scrapeMs)} s apart`;
  if (method === 'Timeslices' && slice !== null && shortMs < slice.ms)
    return `a window of ${seconds(shortMs)} s is shorter than a slice of ${seconds(slice.ms)} s`;
  return '';
}

function rateOf({ target }: Objective, { accounts, coverage }: Window): Range {
  // Of a window that nobody observed anything may be true.
  if (coverage === 0) return { best: 0, worst: 1 / (1 - target) };
  const rates = accounts.map(({ total, badBest, badWorst }) => {
    const rate = (bad: number): number => (total === 0 ? 0 : bad / total / (1 - target));
    return { best: rate(badBest), worst: rate(badWorst) };
  });
  return {
    best: Math.min(...rates.map(({ best }) => best)),
    worst: Math.max(...rates.map(({ worst }) => worst)),
  };
}

function stateOf(factor: number, { long, short }: { long: Range; short: Range }): BurnRate['state'] {
  if (long.best >= factor && short.best >= factor) return 'burning';
  return long.worst < factor || short.worst < factor ? 'quiet' : 'unknown';
}

const seconds = (ms: number): number => Number((ms / 1000).toPrecision(3));
