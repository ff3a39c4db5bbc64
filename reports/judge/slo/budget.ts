import { timesSpent } from '../../record/telemetry/objective.ts';
import type { Objective } from '../../record/telemetry/objective.ts';
import type { Verdict } from '../../record/verdict.ts';
import type { Account, Window } from './account.ts';
import { percent } from './percent.ts';

/** A figure with everything unobserved taken as good (best), and as bad (worst). */
export interface Range {
  best: number;
  worst: number;
}

export interface Budget {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  reason: string;
  /** Without what may be older than the window. */
  account: Account;
  coverage: number;
  /** Share of events or slices that were good. */
  achieved: Range;
  /** Share of the budget that is left; below 0: more was spent than there was. */
  remaining: Range;
}

type Said = Pick<Budget, 'verdict' | 'reason'>;

/**
 * The error budget of a window: (1 − target) of its events or slices may be bad. What was not observed is counted best case and worst case:
 * it passes if budget is left even in the worst case, fails if none is left even in the best, and is inconclusive in between. It is also
 * inconclusive where the budget is smaller than one event or slice, or where only slices without traffic leave a budget.
 */
export function budgetOf(objective: Objective, whole: Window): Budget {
  const { accounts, coverage } = whole;
  const counted = accounts.map((account) => ({
    account,
    achieved: achievedOf(account),
    remaining: remainingOf(account, objective.target),
  }));
  const found = {
    account: accounts[0],
    coverage,
    achieved: across(counted.map(({ achieved }) => achieved)),
    remaining: across(counted.map(({ remaining }) => remaining)),
  };
  return { ...found, ...(nothingOf(objective, whole) ?? verdictOf(objective, whole, found)) };
}

const across = (ranges: readonly Range[]): Range => ({
  best: Math.max(...ranges.map(({ best }) => best)),
  worst: Math.min(...ranges.map(({ worst }) => worst)),
});

function achievedOf({ total, badBest, badWorst }: Account): Range {
  const share = (bad: number): number => (total === 0 ? 0 : bad / total);
  return { best: 1 - share(badBest), worst: 1 - share(badWorst) };
}

function remainingOf(
  { total, badBest, badWorst }: Pick<Account, 'total' | 'badBest' | 'badWorst'>,
  target: number,
): Range {
  const allowed = total * (1 - target);
  const left = (bad: number): number => (bad === 0 ? 1 : 1 - bad / allowed);
  return { best: left(badBest), worst: left(badWorst) };
}

function nothingOf({ method }: Objective, { accounts, coverage }: Window): Said | null {
  if (coverage <= EPSILON)
    return { verdict: 'inconclusive', reason: 'the source has no data for the window' };
  const isQuiet = accounts.every(({ total, quiet }) => total - quiet <= 0);
  if (!isQuiet) return null;
  const what = method === 'Timeslices' ? 'no slice with an event' : 'no event';
  return {
    verdict: 'inconclusive',
    reason: `${what} was counted in the window: ${coverageText(coverage)}`,
  };
}

const coverageText = (coverage: number): string => `${percent(coverage)} of the window was observed`;

function verdictOf(
  objective: Objective,
  { accounts, coverage }: Window,
  { remaining, achieved }: Pick<Budget, 'remaining' | 'achieved'>,
): Said {
  const isOpen = achieved.best - achieved.worst > EPSILON;
  const seen = isOpen ? `, ${coverageText(coverage)}` : '';
  if (remaining.worst >= -EPSILON)
    return (
      accounts.map((account) => whyTooLittle(objective, account)).find((said) => said !== null) ?? {
        verdict: 'pass',
        reason: `${isOpen ? 'at least ' : ''}${percent(remaining.worst)} of the budget left${seen}`,
      }
    );
  if (remaining.best < -EPSILON) {
    const spent = `${timesSpent(remaining.best)} times the budget spent`;
    return { verdict: 'fail', reason: `${isOpen ? 'at least ' : ''}${spent}${seen}` };
  }
  const doubt = accounts.length > 1 ? '; what new series had counted before they were seen may be older' : '';
  return {
    verdict: 'inconclusive',
    reason: `between ${percent(remaining.worst)} and ${percent(remaining.best)} of the budget left: ${coverageText(coverage)}${doubt}`,
  };
}

/** Rounding must not fail a budget that is spent exactly. */
const EPSILON = 1e-9;

/** Why the remaining budget proves too little to pass; null if it proves enough. */
function whyTooLittle({ target, method }: Objective, account: Account): Said | null {
  const busy = account.total - account.quiet;
  const [one, several] = method === 'Timeslices' ? ['slice', 'slices with traffic'] : ['event', 'events'];
  const needed = Math.ceil(1 / (1 - target) - 1e-6);
  if (busy * (1 - target) < 1 - EPSILON)
    return {
      verdict: 'inconclusive',
      reason: `${Math.floor(busy)} ${several} are too few: their budget is less than one bad ${one}, so having none proves nothing; a target of ${percent(target)} needs ${needed}`,
    };
  const alone = remainingOf({ ...account, total: busy }, target);
  if (alone.worst >= -EPSILON) return null;
  return {
    verdict: 'inconclusive',
    reason: `budget is left only because ${account.quiet} slices without traffic count as good: counting only the ${busy} slices with traffic, ${percent(alone.worst)} of their budget is left`,
  };
}
