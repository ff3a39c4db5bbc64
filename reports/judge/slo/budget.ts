import type { Objective } from '../../record/objective.ts';
import type { Verdict } from '../../record/verdict.ts';
import { accountOf, eventsOf } from './account.ts';
import type { Account } from './account.ts';
import type { Grid, Span } from './series.ts';

/** A figure as it would be if everything unseen had been good, and if it had been bad. */
export interface Range {
  best: number;
  worst: number;
}

export interface Budget {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  reason: string;
  account: Account;
  /** Events of the window, also where slices are counted. */
  events: number;
  /** Share of events or slices that were good. */
  achieved: Range;
  /** Share of the budget that is left; below 0: more was spent than there was. */
  remaining: Range;
  gaps: readonly Span[];
}

/**
 * The error budget of a window: (1 − target) of its events or slices may be bad. Its gaps are counted best case and worst case: it passes
 * only if the worst leaves a budget, fails if not even the best does, and is open in between, naming the gap.
 */
export function budgetOf(objective: Objective, grid: Grid): Budget {
  const account = accountOf(objective, grid, grid);
  const { total: events } = eventsOf(grid, grid);
  const share = (bad: number): number => (account.total === 0 ? 0 : bad / account.total);
  const achieved = { best: 1 - share(account.badBest), worst: 1 - share(account.badWorst) };
  const allowed = 1 - objective.target;
  const remaining = {
    best: 1 - share(account.badBest) / allowed,
    worst: 1 - share(account.badWorst) / allowed,
  };
  const found = { account, events, achieved, remaining, gaps: grid.gaps };
  return { ...found, ...verdictOf(found) };
}

function verdictOf({
  events,
  remaining,
  gaps,
  account,
}: Omit<Budget, 'verdict' | 'reason'>): Pick<Budget, 'verdict' | 'reason'> {
  if (account.coverage === 0)
    return { verdict: 'inconclusive', reason: 'the source has no data of the window' };
  if (events === 0) return { verdict: 'inconclusive', reason: 'no event was counted in the window' };
  const left = `${percent(remaining.worst)} of the budget left`;
  if (remaining.worst >= -EPSILON)
    return {
      verdict: 'pass',
      reason: gaps.length === 0 ? left : `at least ${left}, ${gapsText(gaps, account)}`,
    };
  const most = `${percent(remaining.best)} of the budget left`;
  if (remaining.best < -EPSILON)
    return {
      verdict: 'fail',
      reason: gaps.length === 0 ? most : `at most ${most}, ${gapsText(gaps, account)}`,
    };
  return {
    verdict: 'inconclusive',
    reason: `between ${percent(remaining.worst)} and ${percent(remaining.best)} of the budget left: ${gapsText(gaps, account)}`,
  };
}

/** A budget spent to the last event is met. */
const EPSILON = 1e-9;

/** `no data from … to … (120 s), the longest of 3 gaps; 96.2 % of the window is covered` */
function gapsText(gaps: readonly Span[], { coverage }: Account): string {
  const [longest] = [...gaps].sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs));
  if (longest === undefined) return 'every gap counted';
  const lengthS = Math.round((longest.toMs - longest.fromMs) / 1000);
  const many = gaps.length === 1 ? '' : `, the longest of ${gaps.length} gaps`;
  return `no data from ${moment(longest.fromMs)} to ${moment(longest.toMs)} (${lengthS} s)${many}; ${percent(coverage)} of the window is covered`;
}

const moment = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** `99.95 %`; never rounded up to a whole that it is not. */
export function percent(share: number): string {
  return `${Number((Math.floor(share * 1e5 + 1e-6) / 1e3).toFixed(3))} %`;
}
