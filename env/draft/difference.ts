/** What a cluster has and an environment file says otherwise, of the parts that a draft is made of. */
import { matchesAny } from '../globs.ts';
import type { Pin } from '../providers/declaring.ts';
import type { ListedKind } from './listing.ts';
import type { EnvironmentFile } from '../schema.ts';
import type { Pool, Workload } from '../schema/topology.ts';
import { selects } from '../../probes/kubernetes/label-selector.ts';
import { ROLLOUT } from '../../probes/kubernetes/workloads.ts';
import { nameOf } from '../../reports/record/names/topology-names.ts';

export interface Difference {
  /** What it is about, such as `topology.workloads: Deployment shop/api: replicas`. */
  what: string;
  file: string;
  cluster: string;
}

const NONE = 'not there';

/** What is compared of a file. */
type Shown = Pick<EnvironmentFile, 'cluster' | 'topology' | 'gpu'>;

export interface Compared {
  /** With the counts of now. */
  draft: Shown;
  /** Those that the draft is of: workloads of others in the file are left alone. */
  namespaces: readonly string[];
  /** Kinds that could not be listed: what is made of them is not compared. */
  refused: ReadonlySet<ListedKind> | ReadonlyMap<ListedKind, unknown>;
  /** SHA-256 of each certificate of the kubeconfig's CA; left out: the one of the draft. */
  authorities?: readonly string[];
}

/**
 * Compares a file with a draft. What only the file can know (stores, addresses, goals, permits, profiles, exemptions) is not compared.
 */
export function differencesBetween(file: Shown, compared: Compared): Difference[] {
  const { draft, namespaces, refused } = compared;
  const isCompared = ({ kind, namespace }: Workload): boolean =>
    namespaces.includes(namespace) && !refused.has(kind === 'Rollout' ? ROLLOUT : `apps/v1/${kind}`);
  const isOfOthers = ({ labels }: Pool): boolean =>
    file.topology.nodes.others.some((one) => selects({ matchLabels: one.labels }, labels));
  const found = draft.topology.pools.filter((pool) => !isOfOthers(pool));
  const pools = refused.has('v1/Node') ? [] : poolDifferences(file.topology.pools, found);
  return [
    ...pinDifferences(file, compared),
    ...valueDifferences(file, draft),
    ...pools,
    ...workloadDifferences(file.topology.workloads.filter(isCompared), draft.topology.workloads, {
      serves: !refused.has('v1/Service'),
    }),
    ...closedDifferences(file, draft, refused),
    ...registryDifferences(file, draft),
  ];
}

function differs(what: string, file: unknown, cluster: unknown): Difference[] {
  const [a, b] = [textOf(file), textOf(cluster)];
  return a === b ? [] : [{ what, file: a, cluster: b }];
}

function textOf(value: unknown): string {
  if (value === undefined) return NONE;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A cluster that is not reached by a kubeconfig is pinned by what provisioned it. */
function pinDifferences(file: Shown, { draft, authorities }: Compared): Difference[] {
  const [own, found] = [pinOf(file), pinOf(draft)];
  if (own === undefined) return [];
  const pinned = own.caSha256;
  const isOne = pinned === undefined || authorities?.includes(pinned) === true;
  return [
    ...differs('cluster.pin.kubeSystemUid', own.kubeSystemUid, found?.kubeSystemUid),
    ...(isOne ? [] : differs('cluster.pin.caSha256', pinned, found?.caSha256)),
  ];
}

/** The pin of a file; undefined for a cluster that has none. */
export function pinOf({ cluster }: Pick<Shown, 'cluster'>): Pin | undefined {
  return 'pin' in cluster ? cluster.pin : undefined;
}

/** Single values that are compared, by where they stand in a file. */
const VALUES: Readonly<Record<string, (file: Shown) => unknown>> = {
  'topology.controlPlane.nodes': ({ topology }) => topology.controlPlane?.nodes,
  'topology.controlPlane.etcdMembers': ({ topology }) => topology.controlPlane?.etcdMembers,
  'topology.network.cni.daemonSet': ({ topology }) => topology.network?.cni.daemonSet,
  'topology.storage.className': ({ topology }) => topology.storage?.className,
  'gpu.resource': ({ gpu }) => gpu?.resource,
  'gpu.pool': ({ gpu }) => gpu?.pool,
  'gpu.devicesPerNode': ({ gpu }) => gpu?.devicesPerNode,
};

/** What a draft does not declare was not seen, or not understood, and is not compared. */
function valueDifferences(file: Shown, draft: Shown): Difference[] {
  return Object.entries(VALUES).flatMap(([what, value]) =>
    value(draft) === undefined ? [] : differs(what, value(file), value(draft)),
  );
}

function rangeText({ min, max }: { min: number; max: number }): string {
  return min === max ? String(min) : `${min} to ${max}`;
}

function onlyOne(what: string, inCluster: boolean): Difference[] {
  return [{ what, file: inCluster ? NONE : 'there', cluster: inCluster ? 'there' : NONE }];
}

/** A range in the file that covers what was found is none. */
function rangeDifference(
  what: string,
  file: Workload['replicas'],
  found: Workload['replicas'],
): Difference[] {
  if (file.min <= found.min && found.max <= file.max) return [];
  return [{ what, file: rangeText(file), cluster: rangeText(found) }];
}

function poolDifferences(own: readonly Pool[], found: readonly Pool[]): Difference[] {
  const key = ({ labels }: Pool): string => JSON.stringify(labels);
  return pairs(own, found, key).flatMap(({ one, other }): Difference[] => {
    const what = `topology.pools: ${(one ?? other)?.name ?? ''}`;
    // One that may have no nodes cannot be seen while it has none.
    if (other === undefined && one?.count.min === 0) return [];
    if (one === undefined || other === undefined) return onlyOne(what, one === undefined);
    return [
      ...rangeDifference(`${what}: count`, one.count, other.count),
      ...(other.withoutLabels.length === 0
        ? []
        : differs(`${what}: withoutLabels`, one.withoutLabels.toSorted(), other.withoutLabels)),
      ...differs(`${what}: taints`, sortedTaints(one), sortedTaints(other)),
    ];
  });
}

function sortedTaints({ taints }: Pool): string[] {
  return taints.map(({ key, value = '', effect }) => `${key}=${value}:${effect}`).sort();
}

function workloadDifferences(
  own: readonly Workload[],
  found: readonly Workload[],
  { serves }: { serves: boolean },
): Difference[] {
  return pairs(own, found, nameOf).flatMap(({ one, other }): Difference[] => {
    const named = one ?? other;
    const what = `topology.workloads: ${named === undefined ? '' : nameOf(named)}`;
    if (one === undefined || other === undefined) return onlyOne(what, one === undefined);
    return [
      ...rangeDifference(`${what}: replicas`, one.replicas, other.replicas),
      ...(serves ? differs(`${what}: serves`, one.serves, other.serves) : []),
      ...differs(`${what}: gpu`, one.gpu, other.gpu),
    ];
  });
}

/** Entries of two lists that belong together by a key, in the order of the first and then of the second. */
function pairs<T>(
  own: readonly T[],
  found: readonly T[],
  key: (of: T) => string,
): { one: T | undefined; other: T | undefined }[] {
  const [mine, theirs] = [own, found].map((list) => new Map(list.map((entry) => [key(entry), entry])));
  const keys = new Set([...(mine?.keys() ?? []), ...(theirs?.keys() ?? [])]);
  return [...keys].map((name) => ({ one: mine?.get(name), other: theirs?.get(name) }));
}

/** Namespaces that are not closed, and what runs in closed ones without being declared or ignored. */
function closedDifferences(file: Shown, draft: Shown, refused: Compared['refused']): Difference[] {
  const { namespaces, ignore } = file.topology.closed;
  const open = draft.topology.closed.namespaces.filter((name) => !namespaces.includes(name));
  const unknown = draft.topology.closed.ignore.filter(
    ({ kind, name }) =>
      // A draft declares no Rollout that it could not list, and would have its pods ignored.
      !(kind === 'Rollout' && refused.has(ROLLOUT)) &&
      !ignore.some((one) => one.kind === kind && (one.name === name || matchesAny([one.name], name))),
  );
  return [
    ...open.flatMap((name) => onlyOne(`topology.closed.namespaces: ${name}`, true)),
    ...unknown.flatMap(({ kind, name }) => onlyOne(`topology.closed.ignore: ${kind} ${name}`, true)),
  ];
}

function registryDifferences({ topology: own }: Shown, { topology: found }: Shown): Difference[] {
  const allowed = own.registry?.prefixes ?? [];
  return (found.registry?.prefixes ?? [])
    .filter((prefix) => !allowed.some((one) => prefix.startsWith(one)))
    .flatMap((prefix) => onlyOne(`topology.registry.prefixes: ${prefix}`, true));
}
