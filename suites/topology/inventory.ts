import type { CheckContext } from '../harness/check.ts';
import type { Found } from './declared.ts';
import { ownerOf } from './shapes.ts';
import type { ContainerStatus, PodObject, WorkloadObject } from './shapes.ts';

export function recordWorkload(ctx: CheckContext, found: Found): void {
  const { object } = found;
  if (object === undefined) return;
  const observed = (object.status.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
  ctx.record('workload', { workload: found.name, ...countsOf(object), observed });
}

function countsOf({ kind, spec, status }: WorkloadObject): {
  wanted: number;
  ready: number;
  updated: number;
} {
  if (kind === 'DaemonSet') {
    const { desiredNumberScheduled = 0, numberReady = 0, updatedNumberScheduled = 0 } = status;
    return { wanted: desiredNumberScheduled, ready: numberReady, updated: updatedNumberScheduled };
  }
  return {
    wanted: spec.replicas ?? 1,
    ready: status.readyReplicas ?? 0,
    updated: status.updatedReplicas ?? 0,
  };
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

export function recordPod(ctx: CheckContext, pod: PodObject): void {
  const all = statuses(pod);
  const ends = all
    .map((status) => Date.parse(status.lastState?.terminated?.finishedAt ?? ''))
    .filter(Number.isFinite);
  ctx.record('pod', {
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    node: pod.spec.nodeName,
    waiting: waiting(pod),
    restarts: all.reduce((sum, status) => sum + (status.restartCount ?? 0), 0),
    ...(ends.length > 0 && { lastRestartAgoMs: Math.max(0, Date.now() - Math.max(...ends)) }),
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
 * pods without one. The judge knows which of them are declared.
 */
export async function recordOwners(
  ctx: CheckContext,
  of: { pods: readonly PodObject[]; namespaces: readonly string[] },
): Promise<void> {
  if (of.namespaces.length === 0) return;
  const owners = new Map<string, Owner & { pods: number }>();
  const note = (owner: Owner, pods: number): void => {
    if (!of.namespaces.includes(owner.namespace)) return;
    const key = `${owner.kindName} ${owner.namespace}/${owner.name}`;
    owners.set(key, { ...owner, pods: (owners.get(key)?.pods ?? 0) + pods });
  };
  for (const owner of await controllers(ctx)) note(owner, 0);
  for (const pod of of.pods) {
    const { kind, name } = ownerOf(pod);
    note({ kindName: kind, namespace: pod.metadata.namespace ?? '', name }, 1);
  }
  for (const owner of owners.values()) ctx.record('owner', { ...owner, pods: String(owner.pods) });
}

async function controllers(ctx: CheckContext): Promise<Owner[]> {
  const found: Owner[] = [];
  for (const kind of CONTROLLERS) {
    const objects = (await ctx.cluster.items({ kind })) ?? [];
    for (const { kind: kindName, metadata } of objects.filter((object) => !isOwned(object))) {
      found.push({ kindName, namespace: metadata.namespace ?? '', name: metadata.name });
    }
  }
  return found;
}

/** A Job of a CronJob, for instance: the owner's own declaration decides. */
function isOwned(object: { metadata: { ownerReferences?: { controller?: boolean }[] } }): boolean {
  return object.metadata.ownerReferences?.some((one) => one.controller === true) ?? false;
}
