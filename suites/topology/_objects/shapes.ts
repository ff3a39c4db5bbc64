/** Small readers of Kubernetes' objects. */
import { countsOf } from '../../../probes/kubernetes/workloads.ts';
import type {
  Condition,
  Container,
  NodeObject,
  PodObject,
  PodSpec,
  WorkloadObject,
} from '../../../probes/kubernetes/objects.ts';

export type { Condition, Container, NodeObject, PodObject, PodSpec, WorkloadObject };
export { countsOf, nodeOf, ownerOf, resizedBy } from '../../../probes/kubernetes/workloads.ts';
export type { PodContainer } from '../../../probes/kubernetes/objects.ts';
export type { ContainerState, ContainerStatus, Mount, Volume } from '../../../probes/kubernetes/objects.ts';

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

/** Whether all wanted labels are present; false if none is wanted. */
export function hasLabels(
  wanted: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const pairs = Object.entries(wanted);
  return pairs.length > 0 && pairs.every(([key, value]) => labels?.[key] === value);
}

/** A node that stands for a service of a provider, such as virtual nodes of AKS (Virtual Kubelet's documentation, "Usage"). */
const VIRTUAL_KUBELET = { type: 'virtual-kubelet' };

export function isVirtual({ metadata }: Pick<NodeObject, 'metadata'>): boolean {
  return hasLabels(VIRTUAL_KUBELET, metadata.labels);
}

/** Whether a rollout is in progress: old and new pods side by side, or more pods than wanted. */
export function isRolling(object: WorkloadObject): boolean {
  const { wanted, updated } = countsOf(object);
  const { replicas = wanted } = object.status ?? {};
  return !isObserved(object) || updated !== wanted || replicas > wanted;
}

/**
 * Whether a workload is paused and its pods, which have an earlier template, are all ready: they keep it until somebody resumes it. A paused workload
 * is scaled all the same.
 */
export function isHeld(object: WorkloadObject): boolean {
  const { updated, ready, wanted } = countsOf(object);
  if (ready < wanted) return false;
  return object.spec.paused === true && (!isObserved(object) || updated < (object.status?.replicas ?? 0));
}

function isObserved({ metadata, status }: WorkloadObject): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}
