import type { Problem } from './errors.ts';
import type { Finding } from './finding.ts';
import { storeKind } from '../probes/declared-stores.ts';
import { isSafe } from '../probes/declaring.ts';
import { speaksTls } from '../probes/store/declaring.ts';
import { declarationOf, namesOf, traitsOf } from './providers/declared.ts';
import { loggedNameOf } from '../reports/record/names/path-names.ts';
import { memberNamespace, memberSets } from '../reports/record/facts/store-pods.ts';
import { STORES } from './schema.ts';
import type { DeclaredStore, EnvironmentFile, StoreName } from './schema.ts';
import { renderPath } from './yaml-source.ts';
import type { DataPath, YamlSource } from './yaml-source.ts';

export type Look = (file: EnvironmentFile) => Finding[];

function storeFindings(file: EnvironmentFile): Finding[] {
  return STORES.flatMap((name): Finding[] => {
    const store = file.stores[name];
    if (store === undefined) return [];
    const found = [
      ...waysFindings(name, store),
      ...countFindings(name, store),
      ...plainFindings(name, store),
    ];
    // A store that no check observes need not be described.
    return traitsOf(file).notBuilt === undefined ? [...found, ...setFindings(file, name, store)] : found;
  });
}

/** The keys that say which pods are the members. */
const WAYS = ['statefulSet', 'statefulSets', 'pods'] as const;

/** One way to the members, and with one of them the container of the server. */
function waysFindings(store: StoreName, declared: DeclaredStore): Finding[] {
  const [way, other] = WAYS.filter((key) => declared[key] !== undefined);
  if (other !== undefined)
    return [
      {
        path: ['stores', store, other],
        at: 'key',
        message: `${way ?? ''} already says which pods are the members`,
        found: other,
        allowed: `one of ${WAYS.join(', ')}`,
      },
    ];
  if (way === undefined || declared.container !== undefined) return [];
  const message = 'the container that holds the server must be named: no other one is ever hit';
  return [{ path: ['stores', store, way], at: 'key', message, found: `${way} without container` }];
}

function countFindings(store: StoreName, declared: DeclaredStore): Finding[] {
  const path = ['stores', store, 'members'];
  const { members, statefulSets } = declared;
  const inSets = statefulSets?.sets.reduce((sum, set) => sum + set.members, 0) ?? members;
  if (inSets !== members)
    return [
      { path, message: 'not the sum over statefulSets', found: String(members), allowed: String(inSets) },
    ];
  if (memberNamespace(declared) !== null || members === 1) return [];
  if (storeKind(store).listsMembers?.(declared) === true) return [];
  const message =
    'an address without pods stands for a single member of a store that does not list its members';
  return [{ path, message, found: String(members), allowed: '1' }];
}

/** A password in plain text is somebody's decision, never what happens when nobody thinks of it. */
function plainFindings(store: StoreName, declared: DeclaredStore): Finding[] {
  const open = openPassword(store, declared);
  if (declared.plain === true) return speaksTls(declared) && open === null ? [nothingPlain(store)] : [];
  if (open === null) return [];
  const { path, instead } = open;
  const place = { path: ['stores', store, ...path], at: 'key' as const };
  const scheme = 'scheme' in declared ? declared.scheme : '';
  if (scheme.endsWith('+ssc'))
    return [
      {
        ...place,
        message: `would go to whoever answers: ${scheme} takes any certificate`,
        found: 'a password without TLS that verifies',
        allowed: '`tls` or a scheme with +s; `plain: true` where that is wanted',
      },
    ];
  const message = `would cross the network unencrypted: declare \`${instead}\`, or \`plain: true\` where that is wanted`;
  return [{ ...place, message, found: `a password without ${instead === 'tls' ? 'TLS' : instead}` }];
}

/** Where a password is sent that others can read, and what would encrypt it. */
function openPassword(
  store: StoreName,
  declared: DeclaredStore,
): { path: readonly string[]; instead: string } | null {
  if (speaksTls(declared)) return storeKind(store).unencrypted?.(declared) ?? null;
  const [path] = passwordsIn(declared);
  return path === undefined ? null : { path, instead: 'tls' };
}

function nothingPlain(store: StoreName): Finding {
  const message = 'there is TLS: nothing is plain';
  return { path: ['stores', store, 'plain'], at: 'key', message, found: 'plain', allowed: 'one of both' };
}

/** Where a store's declaration names a password: its own, that of the account that orders a change of leader, that of its Sentinels. */
function passwordsIn(declared: DeclaredStore): string[][] {
  const sentinel = 'sentinel' in declared ? declared.sentinel?.password : undefined;
  return [
    ...(declared.password === undefined ? [] : [['password']]),
    ...(declared.admin === undefined ? [] : [['admin', 'password']]),
    ...(sentinel === undefined ? [] : [['sentinel', 'password']]),
  ];
}

function setFindings(file: EnvironmentFile, store: StoreName, declared: DeclaredStore): Finding[] {
  const { workloads } = file.topology;
  const undeclared = memberSets(declared).filter(
    ({ namespace, name }) =>
      !workloads.some(
        (load) =>
          load.kind === 'StatefulSet' &&
          load.namespace === namespace &&
          load.name === name &&
          load.store === store,
      ),
  );
  return undeclared.map(({ namespace, name }) => ({
    path: ['stores', store, declared.statefulSet === undefined ? 'statefulSets' : 'statefulSet'],
    message: `topology.workloads declares no StatefulSet of this name with store: ${store}`,
    found: `${namespace}/${name}`,
  }));
}

function clusterFindings(file: EnvironmentFile): Finding[] {
  const { cluster, kind, name, sizes } = file;
  const provider = declarationOf(cluster);
  const found = provider.findings?.(cluster, { name }) ?? [];
  if (!provider.environmentKinds.includes(kind)) {
    found.push({
      path: ['cluster'],
      message: `a ${kind} environment cannot have a cluster of this kind`,
      found: provider.name,
      allowed: namesOf(({ environmentKinds }) => environmentKinds.includes(kind)),
    });
  }
  if (sizes !== undefined && provider.resized === undefined) {
    const message = `only an ${namesOf((one) => one.resized !== undefined, ' or ')} environment has sizes`;
    found.push({ path: ['sizes'], at: 'key', message, found: 'sizes' });
  }
  return found;
}

function topologyFindings(file: EnvironmentFile): Finding[] {
  const { pools, workloads } = file.topology;
  const range = (count: { min: number; max: number }, path: DataPath): Finding[] =>
    count.min <= count.max
      ? []
      : [{ path, message: 'min is above max', found: `${String(count.min)} > ${String(count.max)}` }];
  return [
    ...pools.flatMap((pool, index) => range(pool.count, ['topology', 'pools', index, 'count'])),
    ...workloads.flatMap((load, index) => range(load.replicas, ['topology', 'workloads', index, 'replicas'])),
  ];
}

function gpuFindings({ gpu, topology }: EnvironmentFile): Finding[] {
  const pools = topology.pools.map(({ name }) => name);
  if (gpu === undefined || pools.includes(gpu.pool)) return [];
  const message = 'topology.pools has no such pool';
  return [{ path: ['gpu', 'pool'], message, found: gpu.pool, allowed: pools.join(', ') || 'none' }];
}

/** An application is asked through the edge. */
function applicationFindings({ application, topology: { edge } }: EnvironmentFile): Finding[] {
  if (application === undefined) return [];
  const at = 'key' as const;
  if (edge === undefined)
    return [
      {
        path: ['application'],
        at,
        found: 'application',
        message: 'topology.edge does not say where it is reached',
      },
    ];
  const { credentials } = application;
  if (credentials === undefined || isSafe(edge.url)) return [];
  return [
    {
      path: ['application', 'credentials'],
      at,
      found: edge.url,
      allowed: 'https in topology.edge.url',
      message: 'would cross the network unencrypted',
    },
  ];
}

/** Services on the path of a request: their workloads exist, and their log lines can be told apart. */
function pathFindings({ telemetry, topology }: EnvironmentFile): Finding[] {
  const path = telemetry?.traces?.path ?? [];
  const workloads = [...new Set(topology.workloads.map(({ name }) => name))];
  return path.flatMap((hop, index): Finding[] => {
    const { workload, service, loggedAs } = hop;
    const at = ['telemetry', 'traces', 'path', index];
    const name = loggedNameOf(hop);
    const same = path
      .slice(0, index)
      .find((one) => one.logs && hop.logs && one.service !== service && loggedNameOf(one) === name);
    const found: Finding[] = [];
    if (workload !== undefined && !workloads.includes(workload))
      found.push({
        path: [...at, 'workload'],
        message: 'topology.workloads has no workload of this name',
        found: workload,
        allowed: workloads.join(', ') || 'none',
      });
    if (same !== undefined)
      found.push({
        path: [...at, loggedAs === undefined ? 'service' : 'loggedAs'],
        message: `log lines of ${same.service} have the same name: they cannot be told apart`,
        found: name,
        allowed: 'a name of its own, or `logs: false` for one of the two',
      });
    return found;
  });
}

/** A file of kind production may contain no permits. */
function permitFindings(file: EnvironmentFile): Finding[] {
  if (file.kind !== 'production' || file.permits.length === 0) return [];
  const message = 'a file of kind production must contain no permits';
  return [{ path: ['permits'], message, found: `${String(file.permits.length)} permits`, allowed: '[]' }];
}

function scenarioFindings({ load, topology }: EnvironmentFile): Finding[] {
  const names = Object.keys(load.scenarios ?? {});
  const named: [DataPath, string | undefined][] = [
    [['load', 'steady', 'scenario'], load.steady.scenario],
    [['topology', 'edge', 'backend', 'scaling', 'scenario'], topology.edge?.backend?.scaling.scenario],
  ];
  return named.flatMap(([path, name]): Finding[] => {
    if (name === undefined || names.includes(name)) return [];
    const allowed = names.join(', ') || 'none';
    return [{ path, message: 'load.scenarios has no such scenario', found: `"${name}"`, allowed }];
  });
}

/**
 * Checks that the schema cannot make: names in one part of the file must exist in another.
 * @param more further checks, of names that are unknown here, such as ids of checks
 */
export function referenceProblems(
  data: EnvironmentFile,
  { source, more = () => [] }: { source: YamlSource; more?: Look | undefined },
): Problem[] {
  const findings = [
    ...clusterFindings(data),
    ...topologyFindings(data),
    ...storeFindings(data),
    ...gpuFindings(data),
    ...applicationFindings(data),
    ...pathFindings(data),
    ...permitFindings(data),
    ...scenarioFindings(data),
    ...more(data),
  ];
  return findings
    .map(({ path, at = 'value', message, found, allowed = null }): Problem => ({
      ...source.locate(path, at),
      path: renderPath(path),
      found,
      allowed,
      message,
    }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
