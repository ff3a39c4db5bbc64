import { traitsOf } from '../../../env/providers/declared.ts';
import type { Environment } from '../../../env/schema.ts';
import { isOfKind } from '../../../probes/kubernetes/index.ts';
import type {
  NodeObject,
  ObjectOf,
  PodObject,
  WorkloadObject,
  WorkloadStatus,
} from '../../../probes/kubernetes/index.ts';
import { toBeUpdated } from '../../../probes/kubernetes/cache/ready.ts';
import { COMPARED } from '../../../probes/kubernetes/compared.ts';
import { controllerOf, ROLLOUT, rolloutStatus, WORKLOADS } from '../../../probes/kubernetes/workloads.ts';
import { nodesHeldBy } from '../../../probes/nodes-use.ts';
import type { KubeObject } from '../../../suites/harness/protocol.ts';
import { isPassing } from '../../../suites/topology/_objects/declared.ts';
import { conditionTrue, nodeOf, ownerOf, resizedBy } from '../../../suites/topology/_objects/shapes.ts';
import { objectText } from '../../../reports/record/observations/change.ts';
import type { SeenObject, Snapshot } from './snapshot.ts';
import { seenStore, storesOf } from './stores.ts';
import type { SnapshotSource } from './stores.ts';

/** A workload by what counts here. */
type Counted = Pick<WorkloadObject, 'kind' | 'metadata' | 'status'> & { spec: { replicas?: number } };

/** null: the object is no workload. */
function countedIn(object: KubeObject): Counted | null {
  if (isOfKind(ROLLOUT, object)) return { ...object, status: rolloutStatus(object) };
  const kind = WORKLOADS.find((one) => isOfKind(one, object));
  return kind !== undefined && isOfKind(kind, object) ? object : null;
}

/** Rollouts are listed only where the environment declares one: elsewhere the cluster may not know the kind. */
function comparedKinds({ topology }: Environment): readonly string[] {
  return topology.workloads.some(({ kind }) => kind === 'Rollout') ? [...COMPARED, ROLLOUT] : COMPARED;
}

/**
 * Specs of what is declared, readiness of what runs and of the nodes that it runs on, roles of the stores as a multiset (leaders may change).
 * @param before the snapshot that this one is compared with: a node that has lost its pods since is no node of others
 */
export async function takeSnapshot(runner: SnapshotSource, before?: Snapshot): Promise<Snapshot> {
  const snapshot: Snapshot = { objects: new Map(), stores: new Map() };
  const scaled = await scaledWorkloads(runner);
  const namespaces = comparedNamespaces(runner.runState.environment);
  const unused = await unusedNodes(runner, { namespaces, before });
  for (const kind of comparedKinds(runner.runState.environment))
    await addObjects(runner, snapshot, { kind, namespaces, scaled, unused });
  await addObjects(runner, snapshot, { kind: 'v1/Node', namespaces: null, scaled, unused });
  await addStrangers(runner, snapshot, namespaces);
  for (const store of storesOf(runner)) snapshot.stores.set(store, await seenStore(runner, store));
  return snapshot;
}

const SYSTEM = 'kube-system';

/** Namespaces with declared workloads, and those that checks and controls change. */
function comparedNamespaces(environment: Environment): string[] {
  const { namespaces, topology } = environment;
  const { platform, edge, canary } = namespaces;
  const declared = topology.workloads.map(({ namespace }) => namespace);
  return [...new Set([platform, edge, canary, ...declared, ...traitsOf(environment).systemNamespaces])];
}

async function itemsOf<K extends string>(runner: SnapshotSource, kind: K): Promise<ObjectOf<K>[]> {
  const listed = await runner.parts.cluster.list({ kind });
  if (listed.unavailable !== undefined) throw new Error(`no snapshot of ${kind}: ${listed.unavailable}`);
  return listed.items;
}

async function addObjects(
  runner: SnapshotSource,
  snapshot: Snapshot,
  what: { kind: string; namespaces: string[] | null; scaled: ReadonlyMap<string, Limits>; unused: Unused },
): Promise<void> {
  const listed = await itemsOf(runner, what.kind);
  for (const object of listed.filter((one) => !isClaimOfPod(one))) {
    const { namespace, name } = object.metadata;
    if (what.namespaces !== null && !what.namespaces.includes(namespace ?? '')) continue;
    const place = { kind: object.kind, ...(namespace !== undefined && { namespace }), name };
    const subject = objectText(place);
    if (object.metadata.deletionTimestamp !== undefined) {
      snapshot.objects.set(subject, { ...place, declared: '{}', terminating: true });
      continue;
    }
    const limits = what.scaled.get(subject);
    const spec = comparedSpec(object, { limits, nodes: runner.runState.environment.topology.nodes });
    snapshot.objects.set(subject, {
      ...place,
      declared: JSON.stringify({ labels: comparedLabels(object), spec }, sorted),
      ...countsOf(object, { limits, silent: what.unused.silent.get(subject) }),
      ...(isOfKind('v1/Node', object) && { ready: nodeReady(object) }),
      ...(isOfKind('v1/Node', object) && what.unused.nodes.has(name) && { unused: true as const }),
    });
  }
}

/** Of a workload: whether it is ready, and how many of its pods have its last template where it has two. */
function countsOf(
  object: KubeObject,
  { limits, silent }: { limits: Limits | undefined; silent: number | undefined },
): Pick<SeenObject, 'ready' | 'updated'> {
  const counted = countedIn(object);
  if (counted === null) return {};
  const ready = isReady(counted, silent) && isWithin(counted, limits);
  // Pods that an autoscaler adds have the last template.
  const isHeldBack = limits === undefined && isBetweenTemplates(counted);
  return { ready, ...(isHeldBack && { updated: counted.status?.updatedReplicas ?? 0 }) };
}

/** The claim of a generic ephemeral volume comes and goes with its pod, under that pod's name. */
function isClaimOfPod({ kind, metadata: { ownerReferences = [] } }: KubeObject): boolean {
  return kind === 'PersistentVolumeClaim' && ownerReferences.some((owner) => owner.kind === 'Pod');
}

/** What strangers' nodes would otherwise change in a snapshot. */
interface Unused {
  /** Names of nodes on which nothing of the environment runs. */
  nodes: ReadonlySet<string>;
  /** By DaemonSet: those nodes on which it has a pod, and none that is ready. */
  silent: ReadonlyMap<string, number>;
}

/**
 * Nodes on which nothing of the environment runs. Pods of DaemonSets do not count: they run on every node, also on one of others.
 * Where the cluster is ours, so are all of its nodes.
 */
async function unusedNodes(
  runner: SnapshotSource,
  { namespaces, before }: { namespaces: readonly string[]; before: Snapshot | undefined },
): Promise<Unused> {
  if (traitsOf(runner.runState.environment).ownedByUs) return { nodes: new Set(), silent: new Map() };
  const here = (await itemsOf(runner, 'v1/Pod')).filter(({ metadata }) =>
    namespaces.includes(metadata.namespace ?? ''),
  );
  const used = nodesHeldBy(here, namespaces);
  const names = (await itemsOf(runner, 'v1/Node')).map(({ metadata }) => metadata.name);
  const known = (name: string): SeenObject | undefined =>
    before?.objects.get(objectText({ kind: 'Node', name }));
  const nodes = new Set(
    names.filter((name) => (known(name) === undefined ? !used.has(name) : known(name)?.unused === true)),
  );
  const owned = Map.groupBy(
    here,
    (pod) => `${ownerOf(pod).kind} ${pod.metadata.namespace ?? ''}/${ownerOf(pod).name}`,
  );
  return { nodes, silent: new Map([...owned].map(([owner, pods]) => [owner, silentNodes(pods, nodes)])) };
}

/** On how many of the nodes there are pods and none is ready. One that cannot be started there counts, and so does its successor, once. */
function silentNodes(pods: readonly PodObject[], nodes: ReadonlySet<string>): number {
  const byNode = Map.groupBy(pods, (pod) => nodeOf(pod) ?? '');
  return [...byNode].filter(
    ([node, there]) =>
      nodes.has(node) && !there.some(({ status }) => conditionTrue(status.conditions, 'Ready')),
  ).length;
}

/** Where CloudNativePG writes the role of an instance; also onto its claims. */
const CNPG = 'cnpg.io/';
const CNPG_ROLES: readonly string[] = ['role', `${CNPG}instanceRole`];

/** When NVIDIA's GPU feature discovery last labelled the node: another time after each of its restarts. */
const GPU_TIMESTAMP = 'nvidia.com/gfd.timestamp';

/**
 * Labels that controllers renew: the role of an instance on its claim, since after a failover these have changed places, as they should, and the time at
 * which a node was labelled.
 */
function renewedLabels(kind: string, labels: Readonly<Record<string, string>>): readonly string[] {
  if (kind === 'Node') return [GPU_TIMESTAMP];
  const ofInstance =
    kind === 'PersistentVolumeClaim' && Object.keys(labels).some((key) => key.startsWith(CNPG));
  return ofInstance ? CNPG_ROLES : [];
}

function comparedLabels({ kind, metadata: { labels } }: KubeObject): Record<string, string> | undefined {
  if (labels === undefined) return labels;
  const renewed = renewedLabels(kind, labels);
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !renewed.includes(key)));
}

/**
 * The declared spec, without what may legitimately differ: replicas that follow the load, taints that come and go, and the volume of a claim. A
 * StatefulSet recreates a deleted claim, with another volume; that it is bound is what counts.
 */
function comparedSpec(
  object: KubeObject,
  { limits, nodes }: { limits: Limits | undefined; nodes: Nodes },
): unknown {
  const { spec } = object;
  if (typeof spec !== 'object' || spec === null) return spec;
  if (isOfKind('v1/Node', object)) return withoutPassing(object.spec, nodes);
  if (limits !== undefined)
    return { ...spec, replicas: isTurnedOff(Reflect.get(spec, 'replicas'), limits) ? 0 : 'by load' };
  if (object.kind !== 'PersistentVolumeClaim') return spec;
  const bound = isOfKind('v1/PersistentVolumeClaim', object) && object.status?.phase === 'Bound';
  return { ...spec, volumeName: undefined, bound };
}

type Nodes = Environment['topology']['nodes'];

/** Of a cloud provider for a machine that is off; that the node is not ready says the same. */
const SHUT_DOWN = 'node.cloudprovider.kubernetes.io/shutdown';

/** Without taints by which an autoscaler or a cloud provider says what it is about to do: it is no damage. */
function withoutPassing({ taints = [], ...spec }: NodeObject['spec'], nodes: Nodes): unknown {
  const left = taints.filter(({ key }) => key !== SHUT_DOWN && !isPassing(key, nodes));
  return left.length === 0 ? spec : { ...spec, taints: left };
}

/** Between which numbers of replicas an autoscaler keeps a workload. */
interface Limits {
  min: number;
  max: number;
  /** Whether KEDA takes the workload to zero and back, for which its autoscaler knows no lower limit than 1. */
  idles: boolean;
}

/** Kubernetes' autoscaler leaves a workload alone that somebody has set to zero. */
function isTurnedOff(replicas: unknown, { min, idles }: Limits): boolean {
  return replicas === 0 && min > 0 && !idles;
}

/** Workloads whose number of replicas follows the load, with the limits in which it does. */
async function scaledWorkloads(runner: SnapshotSource): Promise<Map<string, Limits>> {
  const autoscalers = await itemsOf(runner, 'autoscaling/v2/HorizontalPodAutoscaler');
  return new Map(
    autoscalers.map((autoscaler): [string, Limits] => {
      const { workload, ...limits } = resizedBy(autoscaler);
      return [workload, { ...limits, idles: controllerOf(autoscaler)?.kind === 'ScaledObject' }];
    }),
  );
}

/** The autoscaler looks every 15 s: until then a complete workload may be outside its limits. It leaves one at zero there, whatever the limits. */
function isWithin({ spec }: Counted, limits: Limits | undefined): boolean {
  if (limits === undefined) return true;
  const { replicas = 1 } = spec;
  return replicas === 0 || (replicas >= limits.min && replicas <= limits.max);
}

/**
 * Pods without a controller are leftovers. Those of the cluster itself are not: they come and go, such as a provisioner's helpers that
 * remove a volume.
 */
async function addStrangers(runner: SnapshotSource, snapshot: Snapshot, namespaces: string[]): Promise<void> {
  for (const pod of await itemsOf(runner, 'v1/Pod')) {
    const { namespace = '' } = pod.metadata;
    if (namespace === SYSTEM || !namespaces.includes(namespace)) continue;
    const isOwned = (pod.metadata.ownerReferences ?? []).length > 0;
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    if (isOwned && !isGoing) continue;
    const place = { kind: 'Pod', namespace, name: pod.metadata.name };
    const state = { declared: '{}', ...(isOwned && { terminating: true as const }) };
    snapshot.objects.set(objectText(place), { ...place, ...state });
  }
}

/** @param silent nodes of others on which a DaemonSet has a pod, and none that is ready */
function isReady(object: Counted, silent = 0): boolean {
  const { spec, status = {} } = object;
  if ((status.observedGeneration ?? 0) < (object.metadata.generation ?? 0)) return false;
  if (object.kind === 'DaemonSet') return isOnEveryNode(status, silent);
  const wanted = spec.replicas ?? 1;
  return (
    [status.readyReplicas, status.replicas].every((count = 0) => count === wanted) &&
    isUpdated(object, wanted)
  );
}

function isOnEveryNode({ numberReady, desiredNumberScheduled }: WorkloadStatus, silent: number): boolean {
  return (numberReady ?? 0) + silent === (desiredNumberScheduled ?? 0);
}

/** During a rollout there are old replicas beside the new ones; those that a StatefulSet holds back stay as they are. */
function isUpdated(object: Counted, wanted: number): boolean {
  return !isBetweenTemplates(object) || (object.status?.updatedReplicas ?? 0) >= toBeUpdated(object, wanted);
}

/** A StatefulSet that has not given its last template to all of its pods, or cannot tell (OnDelete). */
function isBetweenTemplates({ status = {} }: Counted): boolean {
  return status.currentRevision !== status.updateRevision;
}

function nodeReady({ status }: NodeObject): boolean {
  return (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
}

/** The order of keys means nothing. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
