/** Small readers of workloads, of their pods and of what resizes them. */
import type { KubeObject } from './kube-object.ts';
import type {
  AutoscalerObject,
  PodObject,
  RolloutObject,
  WorkloadObject,
  WorkloadStatus,
} from './objects.ts';

/** The node that a pod is on, or the only one to which it may go, as of a pod of a DaemonSet that is still to be placed. */
export function nodeOf({ spec: { nodeName, desiredNode } }: Pick<PodObject, 'spec'>): string | undefined {
  return nodeName ?? desiredNode;
}

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

/** The kinds of workloads of Kubernetes itself that an environment file may declare. */
export const WORKLOADS = ['apps/v1/Deployment', 'apps/v1/StatefulSet', 'apps/v1/DaemonSet'] as const;

/** Kinds of operators: of Argo Rollouts, and of KEDA. */
export const ROLLOUT = 'argoproj.io/v1alpha1/Rollout';
export const SCALED_OBJECT = 'keda.sh/v1alpha1/ScaledObject';

/**
 * A Rollout in the shape of the other workloads; null: it has no template, and that of the Deployment to which it refers is not there.
 * @param deployments among which the one is that it refers to
 */
export function asWorkload(
  rollout: RolloutObject,
  deployments: readonly WorkloadObject[],
): WorkloadObject | null {
  const { spec } = rollout;
  const referred = referredBy(rollout, deployments)?.spec;
  const template = spec.template?.spec === undefined ? referred?.template : spec.template;
  const selector = spec.selector ?? referred?.selector;
  if (template === undefined) return null;
  return {
    ...rollout,
    spec: { ...spec, template, ...(selector !== undefined && { selector }) },
    status: rolloutStatus(rollout),
  };
}

/** The status of a Rollout as that of other workloads. */
export function rolloutStatus({ status = {} }: RolloutObject): WorkloadStatus {
  const { observedGeneration, ...counts } = status;
  // Old versions wrote a hash here.
  const observed = Number(observedGeneration);
  return { ...counts, ...(Number.isInteger(observed) && { observedGeneration: observed }) };
}

/** The Deployment whose template a Rollout uses; other kinds are not looked for. */
function referredBy(
  { spec: { workloadRef }, metadata }: RolloutObject,
  deployments: readonly WorkloadObject[],
): WorkloadObject | undefined {
  if (workloadRef?.kind !== 'Deployment') return undefined;
  return deployments.find(
    (one) => one.metadata.namespace === metadata.namespace && one.metadata.name === workloadRef.name,
  );
}

/** Labels that controllers put on the pods of their ReplicaSets, whose names end with the value. */
const HASHES = [
  ['pod-template-hash', 'Deployment'],
  ['rollouts-pod-template-hash', 'Rollout'],
] as const;

/** What manages an object, such as the CronJob of a Job: at most one of its owners; undefined: nothing does. */
export function controllerOf({
  metadata,
}: Pick<KubeObject, 'metadata'>): { kind: string; name: string; uid: string } | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** The owner of a pod; for a ReplicaSet its Deployment or Rollout, whose name lacks the template hash. */
export function ownerOf(pod: Pick<KubeObject, 'metadata'>): { kind: string; name: string } {
  const owner = controllerOf(pod);
  if (owner === undefined) return { kind: 'Pod', name: pod.metadata.name };
  for (const [label, kind] of owner.kind === 'ReplicaSet' ? HASHES : []) {
    const hash = pod.metadata.labels?.[label];
    if (hash !== undefined && owner.name.endsWith(`-${hash}`))
      return { kind, name: owner.name.slice(0, -hash.length - 1) };
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
