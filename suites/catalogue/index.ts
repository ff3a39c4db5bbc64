/** The catalogue of checks: its rows, what an environment would run of them, and their goals. */
export { catalogue, formerRow, matchChecks, partsOf, rowOf, suggestCheck, suiteOf, suites } from './rows.ts';
export { accessIn } from './plan/access.ts';
export { planChecks, scopeOf, whyNotRun } from './plan/plan.ts';
export type { PlannedCheck, Selection } from './plan/plan.ts';
export { failoverParts, faultHere, faultIn, resolveGoals, storeFault } from './plan/goals.ts';
export type { ResolvedGoals } from './plan/goals.ts';
export type { CatalogueRow, EnvironmentKind, Access, Work } from './types.ts';
