/** As much of the Kubernetes types as the topology checks read, and small readers for them. */
import type { KubeObject } from '../harness/protocol.ts';
import type { LabelSelector } from './label-selector.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
}

export interface NodeObject extends KubeObject {
  spec: {
    podCIDR?: string;
    podCIDRs?: string[];
    unschedulable?: boolean;
    taints?: { key: string; value?: string; effect: string }[];
  };
  status: {
    conditions?: Condition[];
    addresses?: { type: string; address: string }[];
    nodeInfo?: { kubeletVersion?: string };
  };
}

export interface Mount {
  name: string;
  mountPath: string;
  readOnly?: boolean;
}

export interface Container {
  name: string;
  image: string;
  args?: string[];
  command?: string[];
  livenessProbe?: Record<string, unknown>;
  readinessProbe?: Record<string, unknown>;
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  volumeMounts?: Mount[];
}

export interface Volume {
  name: string;
  persistentVolumeClaim?: { claimName: string };
  [source: string]: unknown;
}

export interface PodSpec {
  nodeName?: string;
  hostNetwork?: boolean;
  containers: Container[];
  initContainers?: (Container & { restartPolicy?: string })[];
  volumes?: Volume[];
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: { reason?: string; exitCode?: number; finishedAt?: string };
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  image?: string;
  imageID?: string;
  state?: ContainerState;
  lastState?: ContainerState;
}

export interface PodObject extends KubeObject {
  spec: PodSpec;
  status: {
    phase?: string;
    podIP?: string;
    hostIP?: string;
    conditions?: Condition[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

export interface WorkloadObject extends KubeObject {
  spec: {
    replicas?: number;
    selector?: LabelSelector;
    template: { metadata?: { labels?: Record<string, string> }; spec: PodSpec };
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
  status: {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    numberReady?: number;
    desiredNumberScheduled?: number;
    updatedNumberScheduled?: number;
    conditions?: Condition[];
  };
}

interface AutoscalerSpec {
  scaleTargetRef?: { kind: string; name: string };
  minReplicas?: number;
  maxReplicas?: number;
}

/** The workload that an autoscaler resizes, as `kind namespace/name`, with its limits; null: it names none. */
export function resizedBy(autoscaler: KubeObject): { workload: string; min: number; max: number } | null {
  const {
    scaleTargetRef,
    minReplicas = 1,
    maxReplicas = minReplicas,
  } = (autoscaler['spec'] ?? {}) as AutoscalerSpec;
  if (scaleTargetRef === undefined) return null;
  const workload = `${scaleTargetRef.kind} ${autoscaler.metadata.namespace ?? ''}/${scaleTargetRef.name}`;
  return { workload, min: minReplicas, max: maxReplicas };
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

/** `Deployment` for a pod of one: its owner is a ReplicaSet named after it and the hash of the template. */
export function ownerOf(pod: PodObject): { kind: string; name: string } {
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller === true);
  if (owner === undefined) return { kind: 'Pod', name: pod.metadata.name };
  const hash = pod.metadata.labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  }
  return { kind: owner.kind, name: owner.name };
}

/** Whether something has all of these labels; without any wanted, nothing has them. */
export function hasLabels(
  wanted: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const pairs = Object.entries(wanted);
  return pairs.length > 0 && pairs.every(([key, value]) => labels?.[key] === value);
}

/** Whether a change is on its way through the pods: old ones beside new ones, or more of them than are wanted. */
export function isRolling(object: WorkloadObject): boolean {
  const { wanted, updated } = countsOf(object);
  const { observedGeneration = 0, replicas = wanted } = object.status;
  return observedGeneration < (object.metadata.generation ?? 0) || updated !== wanted || replicas > wanted;
}

/** Replicas of a workload as its object states them, whatever its kind calls them. */
export function countsOf({ kind, spec, status }: WorkloadObject): {
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
