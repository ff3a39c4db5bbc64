/** The goals of a run as every report shows them: worst remaining budget first. */
import type { GoalEntry } from '../record/details/load-detail.ts';
import { timesSpent } from '../record/objective.ts';
import type { CheckResult, RunRecord } from '../record/run-record.ts';
import { grouped } from './text.ts';

export interface GoalRow {
  check: CheckResult;
  goal: GoalEntry;
}

const RANK = { fail: 0, inconclusive: 1, pass: 2, 'not-run': 3 } as const;

/** Those without a budget follow. */
export function goalRows({ checks }: Pick<RunRecord, 'checks'>): GoalRow[] {
  const rows = checks.flatMap((check) => (check.goals ?? []).map((goal): GoalRow => ({ check, goal })));
  return rows.toSorted(byBudget);
}

function byBudget(a: GoalRow, b: GoalRow): number {
  const left = ({ goal }: GoalRow): number => goal.remaining?.worst ?? Infinity;
  const [x, y] = [left(a), left(b)];
  return (x === y ? 0 : x - y) || RANK[a.goal.verdict] - RANK[b.goal.verdict];
}

/** `2 of 3 met` */
export function metText(rows: readonly GoalRow[]): string {
  return `${rows.filter(({ goal }) => goal.verdict === 'pass').length} of ${rows.length} met`;
}

export function achievedText({ achieved, unit }: GoalEntry): string {
  return achieved === null ? 'not measured' : `${grouped(achieved)} ${unit}`;
}

export function boundsText({ lower, upper, unit }: GoalEntry): string {
  if (lower === null && upper === null) return 'too few samples';
  const shown = (value: number | null): string => (value === null ? '?' : String(value));
  return `${shown(lower)} – ${shown(upper)} ${unit}`;
}

/** Rounded down: 99.99 % must not be shown as 100 %. */
export const floored = (percent: number): number => Math.floor(percent * 10 + 1e-9) / 10;

/** `98.4 %`, `-20 to 40 %`, `none: 2.5 times spent` from twice on; `n/a` without an error budget ("none" would read as spent). */
export function budgetText({ remaining }: GoalEntry): string {
  if (remaining === null) return 'n/a';
  if (remaining.best <= -1) {
    const [least, most] = [timesSpent(remaining.best), timesSpent(remaining.worst)];
    return `none: ${least === most ? '' : `${grouped(least)} to `}${grouped(most)} times spent`;
  }
  const [worst, best] = [floored(remaining.worst * 100), floored(remaining.best * 100)];
  return worst === best ? `${worst} %` : `${worst} to ${best} %`;
}
