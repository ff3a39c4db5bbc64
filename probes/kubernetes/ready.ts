import type { KubeObject, Until } from './types.ts';

interface Condition {
  type: string;
  status: string;
}
interface Status {
  phase?: string;
  conditions?: Condition[];
  observedGeneration?: number;
  readyReplicas?: number;
  updatedReplicas?: number;
  numberReady?: number;
  desiredNumberScheduled?: number;
  succeeded?: number;
}

function condition(status: Status, type: string): boolean {
  return status.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}

const READY: Record<string, (object: KubeObject, status: Status) => boolean> = {
  Pod: (_, status) => condition(status, 'Ready'),
  Node: (_, status) => condition(status, 'Ready'),
  Deployment: replicasReady,
  StatefulSet: replicasReady,
  ReplicaSet: replicasReady,
  DaemonSet: (object, status) =>
    observed(object, status) && (status.numberReady ?? 0) >= (status.desiredNumberScheduled ?? 1),
  Job: (_, status) => condition(status, 'Complete'),
};

function observed(object: KubeObject, status: Status): boolean {
  return (status.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
}

function replicasReady(object: KubeObject, status: Status): boolean {
  const wanted = (object.spec as { replicas?: number } | undefined)?.replicas ?? 1;
  return (
    observed(object, status) &&
    (status.readyReplicas ?? 0) >= wanted &&
    (status.updatedReplicas ?? wanted) >= wanted
  );
}

const IN: Record<Until, (object: KubeObject, status: Status) => boolean> = {
  exists: () => true,
  // Decided by absence: nothing that is there matches.
  gone: () => false,
  bound: (_, status) => status.phase === 'Bound',
  succeeded: (_, status) =>
    status.phase === 'Succeeded' || condition(status, 'Complete') || (status.succeeded ?? 0) > 0,
  ready: (object, status) =>
    object.metadata.deletionTimestamp === undefined && (READY[object.kind]?.(object, status) ?? true),
};

/** Whether an object is in the state that is waited for. */
export function isIn(state: Until, object: KubeObject): boolean {
  return IN[state](object, object.status ?? {});
}

/** An object that can never succeed any more: waiting on would only waste time. */
export function hasFailed(object: KubeObject): boolean {
  const status = (object.status ?? {}) as Status;
  return status.phase === 'Failed' || condition(status, 'Failed');
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    terminated?: { reason?: string; exitCode?: number };
  };
}

/** What an object is doing now, in a few words, for the message of a wait that ran out. */
export function describe(object: KubeObject): string {
  const status = (object.status ?? {}) as Status & { containerStatuses?: ContainerStatus[] };
  const unmet = (status.conditions ?? []).filter((one) => one.status !== 'True').map((one) => one.type);
  const parts = [
    status.phase ?? '',
    status.readyReplicas === undefined ? '' : `${status.readyReplicas} ready`,
    ...(status.containerStatuses ?? []).map(troubleOf),
    unmet.length === 0 ? '' : `not ${unmet.join(', ')}`,
  ].filter((part) => part !== '');
  return `${object.metadata.name} (${parts.join('; ') || 'no status'})`;
}

function troubleOf({ name, state }: ContainerStatus): string {
  const why = state?.waiting?.reason ?? state?.terminated?.reason;
  return why === undefined ? '' : `${name}: ${why}`;
}
