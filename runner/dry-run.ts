import type { PlannedCheck } from '../env/catalogue/index.ts';
import type { Environment } from '../env/schema.ts';
import { estimateMs } from './environment-parts.ts';

const SECONDS_A_DAY = 86_400;

/** What a plan may cost, in seconds of the error budget of its window. */
export interface Price {
  /** Outage if every drill takes as long as its goal allows, s. */
  seconds: number;
  /** The whole budget of the window, s. */
  budgetSeconds: number;
  /** What one drill may cost at most, s. */
  affordableSeconds: number;
}

/** The price of drills, estimated from their goals: nobody knows better before they ran. */
export function priceOf(environment: Environment, planned: readonly PlannedCheck[]): Price {
  const { objective, windowDays, maxShare } = environment.drills.errorBudget;
  const budgetSeconds = (1 - objective) * windowDays * SECONDS_A_DAY;
  const seconds = planned
    .filter(({ notRun, goals }) => notRun === null && typeof goals['rtoSeconds'] === 'number')
    .reduce((sum, { goals, trials }) => sum + trials * (goals['rtoSeconds'] as number), 0);
  return { seconds, budgetSeconds, affordableSeconds: budgetSeconds * maxShare };
}

const TOUCHES = {
  r: 'reads only',
  w: 'writes canary data of its own and removes it',
  F: 'disturbs the environment and restores it',
  permit: 'disturbs the environment and restores it',
  none: 'does not apply',
} as const;

/** What `--dry-run` prints: what would be touched, for how long, and its price in error budget. */
export function describePlan(environment: Environment, planned: readonly PlannedCheck[]): string {
  const running = planned.filter(({ notRun }) => notRun === null);
  const lines = running.map((one) => {
    const access = one.row.access[environment.kind];
    const trials = one.trials > 1 ? `, ${one.trials} trials` : '';
    return `  ${one.row.id}: ${TOUCHES[access]}; about ${Math.round(estimateMs(one, environment) / 1000)} s${trials}`;
  });
  const skipped = planned.filter(({ notRun }) => notRun !== null);
  const left = skipped
    .filter(({ notRun }) => notRun !== 'not built')
    .map(({ row, notRun }) => `  ${row.id}: not-run (${notRun ?? ''})`);
  const total = running.reduce((sum, one) => sum + estimateMs(one, environment), 0);
  const price = priceOf(environment, planned);
  return [
    `${environment.name}: ${running.length} checks would run, about ${Math.ceil(total / 60_000)} min; nothing is done now.`,
    ...lines,
    ...left,
    `  and ${skipped.length - left.length} that are not built`,
    `Price: at most ${Math.round(price.seconds)} s of outage, of an error budget of ${Math.round(price.budgetSeconds)} s; one drill may cost ${Math.round(price.affordableSeconds)} s.`,
    '',
  ].join('\n');
}
