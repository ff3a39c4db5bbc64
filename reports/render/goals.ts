/** The goals of a run as every report shows them: worst remaining budget first. */
import type { GoalEntry } from '../record/details/load-detail.ts';
import { timesSpent } from '../record/telemetry/objective.ts';
import type { CheckResult, RunRecord } from '../record/run-record.ts';
import { byVerdict } from '../record/verdict.ts';
import { duration, grouped } from './text.ts';

export interface GoalRow {
  check: CheckResult;
  goal: GoalEntry;
}

/** Those without a budget follow. */
export function goalRows({ checks }: Pick<RunRecord, 'checks'>): GoalRow[] {
  const rows = checks.flatMap((check) => (check.goals ?? []).map((goal): GoalRow => ({ check, goal })));
  return rows.toSorted(byBudget);
}

function byBudget(a: GoalRow, b: GoalRow): number {
  const left = ({ goal }: GoalRow): number => goal.remaining?.worst ?? Infinity;
  const [x, y] = [left(a), left(b)];
  return (x === y ? 0 : x - y) || byVerdict(a.goal, b.goal);
}

/** `2 of 3 met` */
export function metText(rows: readonly GoalRow[]): string {
  return `${rows.filter(({ goal }) => goal.verdict === 'pass').length} of ${rows.length} met`;
}

/** From here on what was not observed is too little to be said with each figure: bounds and coverage show it. */
const ALMOST_WHOLE = 0.999;

/** Not all of the window was observed: what is counted is only what was seen. */
export const isPartial = ({ coverage }: GoalEntry): boolean => coverage !== null && coverage < ALMOST_WHOLE;

export function achievedText(goal: GoalEntry): string {
  const { achieved, unit } = goal;
  if (achieved === null) return 'not measured';
  return `${grouped(achieved)} ${unit}${isPartial(goal) ? ' of what was seen' : ''}`;
}

/** Rounded down, and never to nothing where there is something. */
export function coverageText({ coverage }: GoalEntry): string {
  if (coverage === null) return '–';
  const percent = floored(coverage * 100);
  return percent === 0 && coverage > 0 ? '< 0.1 %' : `${percent} %`;
}

export function boundsText({ lower, upper, unit }: GoalEntry): string {
  if (lower === null && upper === null) return 'too few samples';
  const shown = (value: number | null): string => (value === null ? '?' : String(value));
  return `${shown(lower)} – ${shown(upper)} ${unit}`;
}

/** Rounded down: 99.99 % must not be shown as 100 %. */
export const floored = (percent: number): number => Math.floor(percent * 10 + 1e-9) / 10;

/** Gaps of a window decide whether budget is left: it is neither, and may be spent many times over or not at all. A load has no gaps. */
const isUndecided = ({ coverage, remaining, verdict }: GoalEntry): boolean =>
  verdict === 'inconclusive' &&
  coverage !== null &&
  remaining !== null &&
  remaining.worst < 0 &&
  remaining.best >= 0;

/** What there is of the window: `12 min 18 s of 30 d are in Prometheus`. */
function observedText(goal: GoalEntry): string {
  const { observedMs, window } = goal;
  return observedMs === undefined
    ? `${coverageText(goal)} of ${window} is in Prometheus`
    : `${observedMs < 2 * DAY_MS ? duration(observedMs) : `${floored(observedMs / DAY_MS)} d`} of ${window} are in Prometheus`;
}

const DAY_MS = 86_400_000;

/**
 * `98.4 %`, `-20 to 40 %`, `none: 2.5 times spent` from twice on, `not known: …` where gaps decide; `n/a` without an error budget ("none" would
 * read as spent).
 */
export function budgetText(goal: GoalEntry): string {
  const { remaining } = goal;
  if (remaining === null) return 'n/a';
  if (isUndecided(goal)) return `not known: ${observedText(goal)}`;
  if (remaining.best <= -1) {
    const [least, most] = [timesSpent(remaining.best), timesSpent(remaining.worst)];
    return `none: ${least === most ? '' : `${grouped(least)} to `}${grouped(most)} times spent`;
  }
  const [worst, best] = [floored(remaining.worst * 100), floored(remaining.best * 100)];
  return worst === best ? `${worst} %` : `${worst} to ${best} %`;
}
