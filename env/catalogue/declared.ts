import type { Environment, StoreName } from '../schema.ts';
import { declaredWords } from '../declared-words.ts';
import { failoverParts, storeFault } from './goals.ts';
import { partsOf } from './parts.ts';
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
  'gpu/metrics': {
    what: 'gpu.metrics and prometheus',
    declares: ({ gpu, prometheus }) => gpu?.metrics !== undefined && prometheus !== undefined,
  },
  'performance/budget': {
    what: 'prometheus and objectives',
    declares: ({ prometheus, objectives }) => prometheus !== undefined && objectives.length > 0,
  },
};

/** A source of telemetry; the checks of traces, and what sends requests, need the edge as well. */
const source =
  (...names: ('logs' | 'traces' | 'alerts' | 'dashboards')[]): Declares =>
  ({ telemetry }) =>
    names.every((name) => telemetry?.[name] !== undefined);
const throughEdge =
  (declares: Declares): Declares =>
  (environment) =>
    environment.topology.edge?.backend !== undefined && declares(environment);
const scraped =
  (part: 'targets' | 'series'): Declares =>
  (environment) =>
    environment.prometheus !== undefined && (environment.telemetry?.required[part].length ?? 0) > 0;

/** Families of checks by the beginning of their ids. */
const FAMILIES: readonly { prefix: string; what: string; declares: Declares }[] = [
  ...['failover/backend/', 'scaling/backend/', 'performance/api/'].map((prefix) => ({
    prefix,
    what: 'topology.edge.backend',
    declares: ({ topology }: Environment) => topology.edge?.backend !== undefined,
  })),
  { prefix: 'gpu/', what: 'gpu', declares: ({ gpu }) => gpu !== undefined },
  {
    prefix: 'telemetry/logs/under-fault',
    what: 'telemetry.logs, telemetry.traces (whose path names the services) and topology.edge.backend',
    declares: throughEdge(source('logs', 'traces')),
  },
  { prefix: 'telemetry/logs/', what: 'telemetry.logs', declares: source('logs') },
  {
    prefix: 'telemetry/traces/',
    what: 'telemetry.traces and topology.edge.backend',
    declares: throughEdge(source('traces')),
  },
  {
    prefix: 'telemetry/correlation',
    what: 'telemetry.logs, telemetry.traces and topology.edge.backend',
    declares: throughEdge(source('logs', 'traces')),
  },
  {
    prefix: 'telemetry/metrics/targets',
    what: 'prometheus and telemetry.required.targets',
    declares: scraped('targets'),
  },
  {
    prefix: 'telemetry/metrics/',
    what: 'prometheus and telemetry.required.series',
    declares: scraped('series'),
  },
  {
    prefix: 'telemetry/alerts/rules',
    what: 'prometheus, telemetry.alerts and objectives',
    declares: (environment) =>
      environment.prometheus !== undefined &&
      environment.objectives.length > 0 &&
      source('alerts')(environment),
  },
  { prefix: 'telemetry/alerts/', what: 'telemetry.alerts', declares: source('alerts') },
  { prefix: 'telemetry/dashboards', what: 'telemetry.dashboards', declares: source('dashboards') },
  {
    prefix: 'scaling/ai/',
    what: 'ai.scaling and topology.edge.backend',
    declares: ({ ai, topology }) => ai?.scaling !== undefined && topology.edge?.backend !== undefined,
  },
  {
    prefix: 'integrations/llm-token',
    what: 'ai.llm.token',
    declares: ({ ai }) => ai?.llm.token !== undefined,
  },
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
  return environment.leftOut.includes(store) ? leftOutText(environment, `store ${store}`) : null;
}

function partLeftOut(environment: Environment, row: CatalogueRow): string | null {
  const part = partsOf(row.id).find((one) => environment.partsLeftOut.includes(one));
  return part === undefined ? null : leftOutText(environment, `part ${part}`);
}

function leftOutText(environment: Environment, what: string): string {
  return `not raised: ${what} is declared, but not among --with (${declaredWords(environment).join(', ')})`;
}

/** Why `--with` leaves out a check outside embedded environments, or null: it looks at one store or part that was not chosen. */
export function notSelected(environment: Environment, row: CatalogueRow): string | null {
  const looksAt = [storeFault(row.id)?.store, ...partsOf(row.id)];
  const word = looksAt.find((one) => one !== undefined && environment.notSelected.includes(one));
  if (word === undefined) return null;
  const chosen = declaredWords(environment).filter((one) => !environment.notSelected.includes(one));
  return `not selected: ${word} is declared, but not among --with (${chosen.join(', ')})`;
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
  const left = partLeftOut(environment, row);
  if (left !== null) return left;
  const need = NEEDS[row.id] ?? FAMILIES.find(({ prefix }) => row.id.startsWith(prefix));
  return need === undefined || need.declares(environment) ? null : `not declared: ${need.what}`;
}
