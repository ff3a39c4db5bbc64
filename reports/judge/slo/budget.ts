import { timesSpent } from '../../record/objective.ts';
import type { Objective } from '../../record/objective.ts';
import type { Verdict } from '../../record/verdict.ts';
import { accountOf, eventsOf } from './account.ts';
import type { Account } from './account.ts';
import type { Gap } from './series/gaps.ts';
import { gapsText } from './series/gap-text.ts';
import { percent } from './percent.ts';
import type { Grid } from './series/series.ts';

/** A figure with everything unobserved taken as good (best), and as bad (worst). */
export interface Range {
  best: number;
  worst: number;
}

export interface Budget {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  reason: string;
  account: Account;
  /** Events of the window, also where slices are counted; those of gaps are estimated. */
  events: number;
  /** Of them those that were observed. */
  seenEvents: number;
  /** How much of the window, up to now, was observed; null: at some times only some of the targets were. */
  observedMs: number | null;
  /** Share of events or slices that were good. */
  achieved: Range;
  /** Share of the budget that is left; below 0: more was spent than there was. */
  remaining: Range;
  gaps: readonly Gap[];
}

type Said = Pick<Budget, 'verdict' | 'reason'>;
type Found = Omit<Budget, keyof Said>;

/**
 * The error budget of a window: (1 − target) of its events or slices may be bad. For a calendar period that has not ended, the budget is
 * that of the whole period, extrapolated at the rate so far. Gaps are counted best case and worst case: it passes if budget is left even in
 * the worst case, fails if none is left even in the best, and is inconclusive in between, naming the gap. It is also inconclusive where the
 * budget is smaller than one event or slice, or where only slices without traffic leave a budget.
 */
export function budgetOf(objective: Objective, grid: Grid): Budget {
  const account = accountOf(objective, grid, grid);
  const { total: events, seen } = eventsOf(grid, grid);
  const { badBest, badWorst } = account;
  const share = (bad: number): number => (account.total === 0 ? 0 : bad / account.total);
  const found = {
    account,
    events,
    seenEvents: seen.total,
    observedMs: grid.gaps.every(({ share: of }) => of > WHOLE)
      ? account.coverage * (grid.toMs - grid.fromMs)
      : null,
    achieved: { best: 1 - share(badBest), worst: 1 - share(badWorst) },
    remaining: remainingOf(account, objective.target, periodsOf(grid)),
    gaps: grid.gaps,
  };
  return { ...found, ...(nothingOf(found) ?? verdictOf(objective, grid, found)) };
}

/** A gap of this share of the targets is one of all of them. */
const WHOLE = 0.999;

/** Length of the whole window as a multiple of the part that has passed. */
function periodsOf({ fromMs, toMs, endMs }: Grid): number {
  return Math.max(1, (endMs - fromMs) / (toMs - fromMs));
}

function remainingOf(
  { total, badBest, badWorst }: Pick<Account, 'total' | 'badBest' | 'badWorst'>,
  target: number,
  periods: number,
): Range {
  const allowed = total * periods * (1 - target);
  const left = (bad: number): number => (bad === 0 ? 1 : 1 - bad / allowed);
  return { best: left(badBest), worst: left(badWorst) };
}

function nothingOf({ account, events, gaps }: Found): Said | null {
  const gap = gaps.length === 0 ? '' : `: ${gapsText(gaps, account)}`;
  if (account.coverage <= EPSILON)
    return { verdict: 'inconclusive', reason: `the source has no data for the window${gap}` };
  return events === 0
    ? { verdict: 'inconclusive', reason: `no event was counted in the window${gap}` }
    : null;
}

function verdictOf(objective: Objective, grid: Grid, found: Found): Said {
  const { remaining, gaps, account } = found;
  const whose = grid.endMs > grid.toMs ? 'the budget of the whole period' : 'the budget';
  const of = `of ${whose} left`;
  if (remaining.worst >= -EPSILON) {
    const left = `${percent(remaining.worst)} ${of}`;
    const reason = gaps.length === 0 ? left : `at least ${left}, ${gapsText(gaps, account)}`;
    return whyTooLittle(objective, grid, account) ?? { verdict: 'pass', reason };
  }
  if (remaining.best < -EPSILON) {
    const spent = `${timesSpent(remaining.best)} times ${whose} spent`;
    return {
      verdict: 'fail',
      reason: gaps.length === 0 ? spent : `at least ${spent}, ${gapsText(gaps, account)}`,
    };
  }
  return {
    verdict: 'inconclusive',
    reason: `between ${percent(remaining.worst)} and ${percent(remaining.best)} ${of}: ${gapsText(gaps, account)}`,
  };
}

/** Rounding must not fail a budget that is spent exactly. */
const EPSILON = 1e-9;

/** Why the remaining budget proves too little to pass; null if it proves enough. */
function whyTooLittle({ target, method }: Objective, grid: Grid, account: Account): Said | null {
  const busy = account.total - account.quiet;
  const what = method === 'Timeslices' ? 'slices with traffic' : 'events';
  const needed = Math.ceil(1 / (1 - target) - 1e-6);
  if (busy * (1 - target) < 1 - EPSILON)
    return {
      verdict: 'inconclusive',
      reason: `${Math.floor(busy)} ${what} are too few: their budget is less than one bad ${method === 'Timeslices' ? 'slice' : 'event'}, so having none proves nothing; a target of ${percent(target)} needs ${needed}`,
    };
  const alone = remainingOf({ ...account, total: busy }, target, periodsOf(grid));
  if (alone.worst >= -EPSILON) return null;
  return {
    verdict: 'inconclusive',
    reason: `budget is left only because ${account.quiet} slices without traffic count as good: counting only the ${busy} slices with traffic, ${percent(alone.worst)} of their budget is left`,
  };
}
