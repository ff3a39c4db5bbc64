import { goalsSchema } from '../../reports/record/goals.ts';
import type { GoalName, Goals } from '../../reports/record/goals.ts';
import { globMatcher } from '../globs.ts';
import { FAULTS } from '../schema.ts';
import type { Environment, FaultName, StoreName } from '../schema.ts';
import type { CatalogueRow } from './types.ts';

export interface ResolvedGoals {
  goals: Goals;
  /** none: the check has no goal values; assumed: until an owner confirms them. */
  source: 'assumed' | 'confirmed' | 'none';
  /** The goal as a sentence, with what this environment changes. */
  text: string;
}

/** Store and fault of `failover/STORE/FAULT`; null for every other id. */
export function failoverParts(id: string): { store: StoreName; fault: FaultName } | null {
  const match = /^failover\/(?<store>postgres|redis|rabbitmq|elasticsearch|neo4j)\/(?<fault>[a-z-]+)$/.exec(
    id,
  );
  if (match?.groups === undefined) return null;
  return { store: match.groups.store as StoreName, fault: match.groups.fault as FaultName };
}

/** Stores and the fault of checks that look at something else than what the store keeps: what it finds, what telemetry tells of it. */
const QUERIES: Readonly<Record<string, { store: StoreName; fault: FaultName }>> = {
  'failover/query/vector': { store: 'elasticsearch', fault: 'pod-crash' },
  'failover/query/graph': { store: 'neo4j', fault: 'pod-crash' },
  // What observability costs when it is needed most: the platform's own database fails over meanwhile.
  'telemetry/logs/under-fault': { store: 'postgres', fault: 'pod-crash' },
  'telemetry/traces/under-fault': { store: 'postgres', fault: 'pod-crash' },
};

/** The store that a check hurts, and how; null for checks that hurt none. */
export function storeFault(id: string): { store: StoreName; fault: FaultName } | null {
  return failoverParts(id) ?? QUERIES[id] ?? null;
}

/** The same, with the fault that the environment declares for telemetry under a fault. */
export function faultHere(
  { telemetry }: Pick<Environment, 'telemetry'>,
  id: string,
): { store: StoreName; fault: FaultName } | null {
  const found = storeFault(id);
  if (found === null || !id.startsWith('telemetry/') || telemetry === undefined) return found;
  return { ...found, fault: telemetry.canary.fault };
}

/** The fault that a check injects, by the name that permits have for it; undefined for one that injects none, or one without such a name. */
export function faultIn(environment: Pick<Environment, 'telemetry'>, id: string): FaultName | undefined {
  const hurt = faultHere(environment, id);
  if (hurt !== null) return hurt.fault;
  const last = id.startsWith('failover/') ? id.split('/').at(-1) : undefined;
  return FAULTS.find((fault) => fault === last);
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
 * The goals of a check here: the catalogue's, then those of the environment file in its order, then those of the store.
 * Only a goal that a layer marks as confirmed, and no later layer assumes again, is confirmed.
 */
export function resolveGoals(environment: Environment, row: CatalogueRow): ResolvedGoals {
  const layers = layersOf(environment, row);
  const goals = Object.assign({}, row.goals, ...layers.map((layer) => layer.values)) as Goals;
  const changed = Object.entries(goals).filter(([name, value]) => row.goals[name as GoalName] !== value);
  const here = changed.map(([name, value]) => `${name} ${String(value)}`).join(', ');
  const source = layers.at(-1)?.confirmed === true ? 'confirmed' : 'assumed';
  return {
    goals,
    source: Object.keys(goals).length === 0 ? 'none' : source,
    text: here === '' ? row.goal : `${row.goal} (here: ${here})`,
  };
}
