/** Small readers of workloads, of their pods and of what resizes them. */
import type { AutoscalerObject, PodObject, WorkloadObject } from './objects.ts';

/** The workload that an autoscaler resizes, as `kind namespace/name`, with its limits. */
export function resizedBy({ metadata, spec }: AutoscalerObject): {
  workload: string;
  min: number;
  max: number;
} {
  const { scaleTargetRef: of, minReplicas = 1, maxReplicas } = spec;
  return {
    workload: `${of.kind} ${metadata.namespace ?? ''}/${of.name}`,
    min: minReplicas,
    max: maxReplicas,
  };
}

/** The owner of a pod; for a ReplicaSet its Deployment, whose name lacks the template hash. */
export function ownerOf(pod: PodObject): { kind: string; name: string } {
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller === true);
  if (owner === undefined) return { kind: 'Pod', name: pod.metadata.name };
  const hash = pod.metadata.labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  }
  return { kind: owner.kind, name: owner.name };
}

/** Replicas of a workload as its object states them, whatever its kind calls them. */
export function countsOf({ kind, spec, status = {} }: WorkloadObject): {
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
