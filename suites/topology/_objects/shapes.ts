/** Small readers of Kubernetes' objects. */
import type {
  AutoscalerObject,
  Condition,
  Container,
  NodeObject,
  PodObject,
  PodSpec,
  WorkloadObject,
} from '../../../probes/kubernetes/objects.ts';

export type { Condition, Container, NodeObject, PodObject, PodSpec, WorkloadObject };
export type { ContainerState, ContainerStatus, Mount, Volume } from '../../../probes/kubernetes/objects.ts';

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

export function conditionTrue(conditions: Condition[] | undefined, type: string): boolean {
  return conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}

/** Containers that run as long as the pod does: sidecars are init containers that are always restarted. */
export function lastingContainers(spec: PodSpec): Container[] {
  return [...spec.containers, ...(spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always')];
}

export function internalAddress(node: NodeObject): string | undefined {
  return node.status.addresses?.find((one) => one.type === 'InternalIP')?.address;
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

/** Whether all wanted labels are present; false if none is wanted. */
export function hasLabels(
  wanted: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const pairs = Object.entries(wanted);
  return pairs.length > 0 && pairs.every(([key, value]) => labels?.[key] === value);
}

/** Whether a rollout is in progress: old and new pods side by side, or more pods than wanted. */
export function isRolling(object: WorkloadObject): boolean {
  const { wanted, updated } = countsOf(object);
  const { observedGeneration = 0, replicas = wanted } = object.status ?? {};
  return observedGeneration < (object.metadata.generation ?? 0) || updated !== wanted || replicas > wanted;
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
