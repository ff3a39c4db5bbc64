import { goalsSchema } from '../../../reports/record/goals.ts';
import type { GoalName, Goals } from '../../../reports/record/goals.ts';
import { globMatcher } from '../../../env/globs.ts';
import type { Environment, FaultName, StoreName } from '../../../env/schema.ts';
import { rowOf } from '../rows.ts';
import type { CatalogueRow } from '../types.ts';

export interface ResolvedGoals {
  goals: Goals;
  /** none: the check has no goal values; assumed: until an owner confirms them. */
  source: 'assumed' | 'confirmed' | 'none';
  /** The goal as a sentence, with what this environment changes. */
  text: string;
}

export interface StoreFault {
  store: StoreName;
  fault: FaultName;
}

/** The store that a check hits, and how; null for checks that hit none. */
export function storeFault(id: string): StoreFault | null {
  const { store, fault } = rowOf(id)?.injects ?? {};
  return store === undefined || fault === undefined ? null : { store, fault };
}

/** `storeFault` only of checks that judge the store itself, not its logs, traces or metrics during the fault; null for others. */
export function failoverParts(id: string): StoreFault | null {
  return rowOf(id)?.injects?.ofStore === true ? storeFault(id) : null;
}

/** The store that a check hits, with the fault that the environment declares where the check leaves that to it. */
export function faultHere(environment: Pick<Environment, 'telemetry'>, id: string): StoreFault | null {
  const usual = storeFault(id);
  return usual === null ? null : { ...usual, fault: faultIn(environment, id) ?? usual.fault };
}

/** The fault that a check injects, as permits name it; undefined if it injects none, or one that permits cannot name. */
export function faultIn(environment: Pick<Environment, 'telemetry'>, id: string): FaultName | undefined {
  const injects = rowOf(id)?.injects;
  return injects?.faultIn?.(environment) ?? injects?.fault;
}

interface Layer {
  values: Goals;
  confirmed: boolean;
}

function layersOf(environment: Environment, row: CatalogueRow): Layer[] {
  const layers = Object.entries(environment.goals)
    .filter(([glob]) => globMatcher(glob)(row.id))
    .map(([, goal]): Layer => ({
      values: goalsSchema.parse(goal.values),
      confirmed: goal.status === 'confirmed',
    }));
  const parts = failoverParts(row.id);
  const own = parts === null ? undefined : environment.stores[parts.store]?.goals[parts.fault];
  if (own !== undefined) {
    const { status, ...values } = own;
    layers.push({ values, confirmed: status === 'confirmed' });
  }
  return layers;
}

/**
 * The goals of a check in this environment: from the catalogue, then the environment file in its order, then the store; later
 * values win. They count as confirmed only if the layer that sets each value confirms it, and each objective where the check asks
 * those. `minTrials` is exempt: it says how much is measured, not how good it must be.
 */
export function resolveGoals(environment: Environment, row: CatalogueRow): ResolvedGoals {
  const layers = layersOf(environment, row);
  const goals = layers.reduce<Goals>((before, { values }) => ({ ...before, ...values }), row.goals);
  const changed = Object.entries(goals).filter(([name, value]) => row.goals[name as GoalName] !== value);
  const here = changed.map(([name, value]) => `${name} ${String(value)}`).join(', ');
  const names = Object.keys(goals).filter((name) => name !== 'minTrials');
  const confirmed = [
    ...names.map((name) => layers.findLast(({ values }) => name in values)?.confirmed === true),
    ...(row.asksObjectives === true
      ? environment.objectives.map(({ status }) => status === 'confirmed')
      : []),
  ];
  const some = Object.keys(goals).length + confirmed.length > 0;
  return {
    goals,
    source: !some ? 'none' : confirmed.every(Boolean) ? 'confirmed' : 'assumed',
    text: here === '' ? row.goal : `${row.goal} (here: ${here})`,
  };
}
