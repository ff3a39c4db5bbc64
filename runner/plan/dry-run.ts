import { accessIn, faultHere, type PlannedCheck } from '../../suites/catalogue/index.ts';
import type { Environment } from '../../env/schema.ts';
import { budgetOf, estimateOf, type Estimate } from '../state/budget.ts';
import type { Target } from './aim.ts';
import { estimateMs, lockMode } from './environment-parts.ts';

/** What a plan may cost, in seconds of the error budget of its window. */
export interface Price {
  /** If every fault of all trials costs what is expected, s. */
  seconds: number;
  /** The whole budget of the window, s. */
  budgetSeconds: number;
  /** What one drill may cost at most, s. */
  affordableSeconds: number;
}

/**
 * The price of drills before any request to the cluster: outage that the goals allow × share of the traffic. Right before each fault, the
 * window derived from live settings replaces the goal.
 * @param target of a drill
 */
export function priceOf(
  environment: Environment,
  planned: readonly PlannedCheck[],
  target: Target = 'leader',
): Price {
  const { totalMs, affordableMs } = budgetOf(environment);
  const ms = planned
    .filter((one) => one.notRun === null && disturbs(one, environment))
    .reduce((sum, one) => sum + one.trials * estimateBefore(environment, one, target).estimateMs, 0);
  return { seconds: ms / 1000, budgetSeconds: totalMs / 1000, affordableSeconds: affordableMs / 1000 };
}

function estimateBefore(environment: Environment, { row, goals }: PlannedCheck, target: Target): Estimate {
  const fault = faultHere(environment, row.id)?.fault;
  const aimed = fault === undefined ? null : { fault, target };
  return estimateOf(environment, row.id, { goals, window: null, aimed });
}

/** Whether a fault has clients to disturb. One that only stops one of several API servers costs nothing. */
function disturbs(planned: PlannedCheck, environment: Environment): boolean {
  return planned.row.injects !== undefined && lockMode(planned, environment) === 'exclusive';
}

/** Why a drill costs too much, where the budget is enforced; null: it does not. */
export function tooDear(environment: Environment, planned: PlannedCheck, target?: Target): string | null {
  const { seconds, affordableSeconds } = priceOf(environment, [planned], target);
  if (!budgetOf(environment).enforced || seconds <= affordableSeconds) return null;
  return `${planned.row.id} may cost ${Math.round(seconds)} s of error budget in ${trialsText(planned)}; ${environment.name} allows one drill ${Math.round(affordableSeconds)} s at most`;
}

function trialsText({ trials }: PlannedCheck): string {
  return trials === 1 ? '1 trial' : `${trials} trials`;
}

const TOUCHES = {
  r: 'reads only',
  w: 'writes canary data of its own, and removes what can be removed',
  F: 'disturbs the environment and restores it',
  permit: 'disturbs the environment and restores it',
  none: 'does not apply',
} as const;

/** What `--dry-run` prints: what would be touched, for how long, and its price in error budget. */
export function describePlan(
  environment: Environment,
  planned: readonly PlannedCheck[],
  target: Target = 'leader',
): string {
  const running = planned.filter(({ notRun }) => notRun === null);
  const lines = running.map((one) => {
    const access = accessIn(environment, one.row);
    const trials = one.trials > 1 ? `, ${one.trials} trials` : '';
    return `  ${one.row.id}: ${TOUCHES[access]}; about ${Math.round(estimateMs(one, environment) / 1000)} s${trials}${priceText(environment, one, target)}`;
  });
  const skipped = planned.filter(({ notRun }) => notRun !== null);
  const left = skipped
    .filter(({ notRun }) => notRun?.by !== 'not-built')
    .map(({ row, notRun }) => `  ${row.id}: not-run (${notRun?.text ?? ''})`);
  const total = running.reduce((sum, one) => sum + estimateMs(one, environment), 0);
  const price = priceOf(environment, planned, target);
  return [
    `${environment.name}: ${running.length} ${running.length === 1 ? 'check' : 'checks'} would run, about ${Math.ceil(total / 60_000)} min; nothing is done now.`,
    ...lines,
    ...left,
    `  and ${skipped.length - left.length} that are not written yet`,
    `Price: at most ${Math.round(price.seconds)} s of the error budget of ${Math.round(price.budgetSeconds)} s; one drill is allowed ${Math.round(price.affordableSeconds)} s${enforcedText(environment)}.`,
    '',
  ].join('\n');
}

function priceText(environment: Environment, planned: PlannedCheck, target: Target): string {
  if (!disturbs(planned, environment)) return '';
  const { outageMs, share, estimateMs: costsMs } = estimateBefore(environment, planned, target);
  return `; outage of at most ${outageMs / 1000} s × ${share} of the requests = ${costsMs / 1000} s of error budget a trial`;
}

function enforcedText(environment: Environment): string {
  return budgetOf(environment).enforced
    ? '; a lasting fault that costs more than estimated is undone early'
    : ' (counted but not enforced: this environment serves nobody)';
}
