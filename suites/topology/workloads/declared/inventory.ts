import { toBeUpdated } from '../../../../probes/kubernetes/cache/ready.ts';
import { controllerOf, ROLLOUT } from '../../../../probes/kubernetes/workloads.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { hasEnded } from '../../../../probes/store/member-pods.ts';
import { podsOf } from '../../_objects/declared.ts';
import type { Found } from '../../_objects/declared.ts';
import { conditionTrue, countsOf, ownerOf } from '../../_objects/shapes.ts';
import type { ContainerStatus, PodObject, WorkloadObject } from '../../_objects/shapes.ts';

/** A declared workload with all its pods. */
export function recordWorkload(ctx: CheckContext, found: Found, pods: readonly PodObject[]): void {
  const { object } = found;
  if (object === undefined) return;
  const own = podsOf(found, pods);
  const observed = (object.status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
  const { wanted, ready, updated } = countsOf(object);
  // Of the pods that are seen: one that is being deleted still counts as ready, and no longer as updated.
  const heldBack = Math.min(heldBackBy(object), oldOf(object, own).length);
  // What is short of pods though none was waited for in vain was resized since.
  const resized = found.waitedInVain !== true && isShort(object);
  ctx.record('replicas', {
    workload: found.name,
    wanted,
    ready,
    updated,
    observed,
    rolling: isReplaced(found, object, own) || resized,
    stuck: isStuck(object),
    ...(heldBack > 0 && { heldBack }),
  });
  for (const pod of own) recordPod(ctx, found.name, pod);
}

/** Whether there are fewer pods than are wanted, or more; those from which the last template is held back count like any other. */
function isShort(object: WorkloadObject): boolean {
  const { wanted, updated } = countsOf(object);
  return (heldBackBy(object) > 0 ? (object.status?.replicas ?? wanted) : updated) !== wanted;
}

/** Whether pods of an earlier template are being replaced: some are left, or the controller says that it is not done. */
function isReplaced(found: Found, object: WorkloadObject, pods: readonly PodObject[]): boolean {
  const { kind, status = {} } = object;
  const { updated } = countsOf(object);
  if (kind === 'DaemonSet') return updated < (status.currentNumberScheduled ?? updated);
  if (kind === 'StatefulSet') return isSetReplaced(found, object, pods);
  return updated < (status.replicas ?? updated) || (kind === 'Deployment' && isProgressing(object));
}

function isSetReplaced(found: Found, object: WorkloadObject, pods: readonly PodObject[]): boolean {
  const { currentRevision, updateRevision } = object.status ?? {};
  const { wanted, updated } = countsOf(object);
  const old = oldOf(object, pods);
  // With OnDelete the current revision stays what it was, also after the last pod was replaced. Who deletes pods, such as an operator, may be at it.
  if (object.spec.updateStrategy?.type === 'OnDelete') {
    const isStarting = pods.some(
      (pod) => !old.includes(pod) && !conditionTrue(pod.status.conditions, 'Ready'),
    );
    const isDeleted = found.waitedInVain !== true && pods.length < wanted;
    return old.length > 0 && (isStarting || isDeleted);
  }
  const isBetween = currentRevision !== updateRevision && updated < toBeUpdated(object, wanted);
  return old.length > heldBackBy(object) || isBetween;
}

/** The pods of a StatefulSet that have an earlier template; none of another workload. */
function oldOf({ kind, status }: WorkloadObject, pods: readonly PodObject[]): PodObject[] {
  if (kind !== 'StatefulSet') return [];
  const last = status?.updateRevision;
  return pods.filter(({ metadata }) => (metadata.labels?.[REVISION] ?? last) !== last);
}

/** How many pods may keep an earlier template, since the StatefulSet's update strategy holds the last one back from them. */
function heldBackBy(object: WorkloadObject): number {
  if (object.kind !== 'StatefulSet') return 0;
  const { wanted } = countsOf(object);
  return Math.min(wanted, wanted - toBeUpdated(object, wanted));
}

/** The revision of a pod's template, as the controller of a StatefulSet labels it. */
const REVISION = 'controller-revision-hash';

/** A Deployment whose last template is not complete yet; afterwards it says so of itself, however often it is resized. */
function isProgressing({ status }: WorkloadObject): boolean {
  const progress = status?.conditions?.find(({ type }) => type === 'Progressing');
  return progress?.status === 'True' && progress.reason !== 'NewReplicaSetAvailable';
}

/** A Deployment whose progress deadline is over, by its controller's word. */
function isStuck({ status }: WorkloadObject): boolean {
  return (status?.conditions ?? []).some((one) => one.type === 'Progressing' && one.status === 'False');
}

function statuses(pod: PodObject): ContainerStatus[] {
  return [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
}

/** Containers that wait for anything but their first start: crash loops, images that cannot be pulled, bad configuration. */
export function waiting(pod: PodObject): string[] {
  return statuses(pod).flatMap((status) => {
    const reason = status.state?.waiting?.reason;
    return reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing'
      ? []
      : [`${status.name}: ${reason}`];
  });
}

function recordPod(ctx: CheckContext, workload: string, pod: PodObject): void {
  const { metadata } = pod;
  const containers = statuses(pod).map(({ name, restartCount = 0, lastState }) => ({
    name,
    restarts: restartCount,
    endedAt: lastState?.terminated?.finishedAt ?? null,
    why: lastState?.terminated?.reason ?? null,
  }));
  ctx.record('pod', {
    workload,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    createdAt: metadata.creationTimestamp ?? '',
    waiting: waiting(pod),
    containers,
  });
}

/** Pods worth a log in the report: not ready, or waiting for something. */
export function troubledPods(pods: readonly PodObject[]): PodObject[] {
  return pods.filter(
    (pod) =>
      waiting(pod).length > 0 || (pod.status.containerStatuses ?? []).some((status) => status.ready !== true),
  );
}

const CONTROLLERS = ['apps/v1/Deployment', 'apps/v1/StatefulSet', 'apps/v1/DaemonSet', 'batch/v1/Job'];

interface Owner {
  kindName: string;
  namespace: string;
  name: string;
}

/**
 * Records everything that runs or would run pods in the closed namespaces: controllers, also scaled to nothing, and
 * pods without one. The judge knows which of them are declared. Pods that have ended are not counted: evicted ones stay by the thousand.
 */
export async function recordOwners(
  ctx: CheckContext,
  of: { pods: readonly PodObject[]; namespaces: readonly string[] },
): Promise<void> {
  const owners = new Map<string, Owner & { pods: number }>();
  const note = (owner: Owner, pods: number): void => {
    if (!of.namespaces.includes(owner.namespace)) return;
    const key = `${owner.kindName} ${owner.namespace}/${owner.name}`;
    owners.set(key, { ...owner, pods: (owners.get(key)?.pods ?? 0) + pods });
  };
  if (of.namespaces.length > 0) for (const owner of await controllers(ctx)) note(owner, 0);
  for (const pod of of.pods) {
    const { kind, name } = ownerOf(pod);
    note({ kindName: kind, namespace: pod.metadata.namespace ?? '', name }, hasEnded(pod) ? 0 : 1);
  }
  for (const owner of owners.values()) ctx.record('owner', owner);
  ctx.record('owners', {});
}

async function controllers(ctx: CheckContext): Promise<Owner[]> {
  const found: Owner[] = [];
  const rollouts = (ctx.settings.workloads ?? []).some(({ kind }) => kind === 'Rollout');
  for (const kind of [...CONTROLLERS, ...(rollouts ? [ROLLOUT] : [])]) {
    const objects = (await ctx.cluster.items({ kind })) ?? [];
    // Of what another controller manages (a CronJob its Job) the other one must be declared.
    for (const { kind: kindName, metadata } of objects.filter((one) => controllerOf(one) === undefined)) {
      found.push({ kindName, namespace: metadata.namespace ?? '', name: metadata.name });
    }
  }
  return found;
}
