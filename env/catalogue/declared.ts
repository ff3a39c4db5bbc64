import type { Environment, StoreName } from '../schema.ts';
import { failoverParts, storeFault } from './goals.ts';
import type { CatalogueRow } from './types.ts';

type Declares = (environment: Environment) => boolean;

const topologyHas =
  (part: 'controlPlane' | 'network' | 'storage' | 'registry' | 'edge'): Declares =>
  ({ topology }) =>
    topology[part] !== undefined;
const someWorkload: Declares = ({ topology }) => topology.workloads.length > 0;
const someStore: Declares = ({ stores }) => Object.keys(stores).length > 0;

/** What a check looks at, and so must be declared: without it there is nothing to compare with. */
const NEEDS: Record<string, { what: string; declares: Declares }> = {
  'topology/cluster/control-plane': { what: 'topology.controlPlane', declares: topologyHas('controlPlane') },
  'topology/cluster/api-balanced': {
    what: 'apiAddress and topology.controlPlane',
    declares: (environment) =>
      environment.apiAddress !== undefined && topologyHas('controlPlane')(environment),
  },
  'topology/nodes/pools': { what: 'topology.pools', declares: ({ topology }) => topology.pools.length > 0 },
  'topology/network/reachability': { what: 'topology.network', declares: topologyHas('network') },
  'topology/network/policy': { what: 'topology.network', declares: topologyHas('network') },
  'topology/storage/persistent': { what: 'topology.storage', declares: topologyHas('storage') },
  'topology/storage/durability': { what: 'a store', declares: someStore },
  'topology/workloads/declared': { what: 'topology.workloads', declares: someWorkload },
  'topology/workloads/roles': { what: 'a store', declares: someStore },
  'topology/workloads/probes': { what: 'topology.workloads', declares: someWorkload },
  'topology/workloads/resources': { what: 'topology.workloads', declares: someWorkload },
  'topology/workloads/spread': { what: 'topology.workloads', declares: someWorkload },
  'topology/workloads/images': { what: 'topology.registry', declares: topologyHas('registry') },
  'topology/edge/path': { what: 'topology.edge', declares: topologyHas('edge') },
  'performance/budget': {
    what: 'prometheus and objectives',
    declares: ({ prometheus, objectives }) => prometheus !== undefined && objectives.length > 0,
  },
};

/** Families of checks by the beginning of their ids. */
const FAMILIES: readonly { prefix: string; what: string; declares: Declares }[] = [
  ...['failover/backend/', 'scaling/backend/', 'performance/api/'].map((prefix) => ({
    prefix,
    what: 'topology.edge.backend',
    declares: ({ topology }: Environment) => topology.edge?.backend !== undefined,
  })),
  // Its requests and jobs go through the edge.
  ...['failover/ai/', 'performance/ai/', 'integrations/llm'].map((prefix) => ({
    prefix,
    what: 'ai and topology.edge.backend',
    declares: ({ ai, topology }: Environment) => ai !== undefined && topology.edge?.backend !== undefined,
  })),
  {
    prefix: 'failover/control-plane/',
    what: 'apiAddress, and an embedded cluster (the fault acts on its nodes; elsewhere it is not built)',
    declares: ({ apiAddress, cluster }) => apiAddress !== undefined && 'embedded' in cluster,
  },
];

function leftOut(environment: Environment, store: StoreName): string | null {
  if (!environment.leftOut.includes(store)) return null;
  const how = 'embedded' in environment.cluster ? 'not raised' : 'left out';
  return `${how}: store ${store} is declared, but not among --with (${Object.keys(environment.stores).join(', ')})`;
}

/** Faults that only another member can answer. */
const NEED_ANOTHER: readonly string[] = ['node-loss', 'partition', 'switchover'];

/** Why a store of one member is spared a fault that asks for a failover, or null. */
export function oneMember(environment: Environment, row: CatalogueRow): string | null {
  const parts = failoverParts(row.id);
  if (parts === null || environment.stores[parts.store]?.members !== 1) return null;
  if (!NEED_ANOTHER.includes(parts.fault)) return null;
  const why = parts.store === 'neo4j' ? ' (clustering needs Neo4j Enterprise)' : '';
  return `one member cannot fail over${why}: its restart is measured by pod-crash, pod-delete and hang`;
}

/** What the environment file does not declare and the check needs, or null. */
export function notDeclared(environment: Environment, row: CatalogueRow): string | null {
  const parts = storeFault(row.id);
  if (parts !== null && environment.stores[parts.store] === undefined)
    return leftOut(environment, parts.store) ?? `not declared: store ${parts.store}`;
  const need = NEEDS[row.id] ?? FAMILIES.find(({ prefix }) => row.id.startsWith(prefix));
  return need === undefined || need.declares(environment) ? null : `not declared: ${need.what}`;
}
