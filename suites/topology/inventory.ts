import type { CheckContext } from '../harness/check.ts';
import type { Found } from './declared.ts';
import { ownerOf } from './shapes.ts';
import type { ContainerStatus, PodObject } from './shapes.ts';

export function recordWorkload(ctx: CheckContext, found: Found): void {
  const { object } = found;
  if (object === undefined) return;
  const { status } = object;
  const daemon = object.kind === 'DaemonSet';
  const wanted = daemon ? (status.desiredNumberScheduled ?? 0) : (object.spec.replicas ?? 1);
  ctx.record('workload', {
    workload: found.name,
    wanted,
    ready: (daemon ? status.numberReady : status.readyReplicas) ?? 0,
    updated: (daemon ? status.updatedNumberScheduled : status.updatedReplicas) ?? 0,
    observed: (status.observedGeneration ?? 0) >= (object.metadata.generation ?? 0),
  });
}

function statuses(pod: PodObject): ContainerStatus[] {
  return [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
}

/** Containers that wait for anything but their first start: crash loops, images that cannot be pulled, bad configuration. */
export function waiting(pod: PodObject): string[] {
  return statuses(pod).flatMap((status) => {
    const reason = status.state?.waiting?.reason;
    return reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing' ? [] : [`${status.name}: ${reason}`];
  });
}

export function recordPod(ctx: CheckContext, pod: PodObject): void {
  const all = statuses(pod);
  const ends = all.map((status) => Date.parse(status.lastState?.terminated?.finishedAt ?? '')).filter(Number.isFinite);
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
  return pods.filter((pod) => waiting(pod).length > 0 || (pod.status.containerStatuses ?? []).some((status) => status.ready !== true));
}

const CONTROLLERS = ['apps/v1/Deployment', 'apps/v1/StatefulSet', 'apps/v1/DaemonSet', 'batch/v1/Job'];

/**
 * Records everything that runs or would run pods in the closed namespaces: controllers, also scaled to nothing, and
 * pods without one. The judge knows which of them are declared.
 */
export async function recordOwners(ctx: CheckContext, of: { pods: readonly PodObject[]; namespaces: readonly string[] }): Promise<void> {
  const owners = new Map<string, { kindName: string; namespace: string; name: string; pods: number }>();
  const note = (kindName: string, namespace: string, name: string, pods: number): void => {
    const key = `${kindName} ${namespace}/${name}`;
    const known = owners.get(key) ?? { kindName, namespace, name, pods: 0 };
    owners.set(key, { ...known, pods: known.pods + pods });
  };
  if (of.namespaces.length === 0) return;
  for (const kind of CONTROLLERS) {
    for (const object of (await ctx.cluster.items({ kind })) ?? []) {
      const { namespace = '', name } = object.metadata;
      if (of.namespaces.includes(namespace) && !isOwned(object)) note(object.kind, namespace, name, 0);
    }
  }
  for (const pod of of.pods) {
    const { namespace = '' } = pod.metadata;
    const owner = ownerOf(pod);
    if (of.namespaces.includes(namespace)) note(owner.kind, namespace, owner.name, 1);
  }
  for (const owner of owners.values()) ctx.record('owner', { ...owner, pods: String(owner.pods) });
}

/** A Job of a CronJob, for instance: the owner's own declaration decides. */
function isOwned(object: { metadata: { ownerReferences?: { controller?: boolean }[] } }): boolean {
  return object.metadata.ownerReferences?.some((one) => one.controller === true) ?? false;
}
