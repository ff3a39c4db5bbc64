import { isRecord, recordsIn } from '../../../reports/record/is-record.ts';
import type { KubeObject, Until } from '../types.ts';

type Status = Record<string, unknown>;

interface Condition {
  type: string;
  isTrue: boolean;
}

function recordAt(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** A count of a status; controllers leave out what they have not counted yet. */
function countAt(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function conditionsOf(status: Status): Condition[] {
  return recordsIn(status['conditions']).map(({ type, status: said }) => ({
    type: String(type),
    isTrue: said === 'True',
  }));
}

function condition(status: Status, type: string): boolean {
  return conditionsOf(status).some((one) => one.type === type && one.isTrue);
}

const READY: Record<string, (object: KubeObject, status: Status) => boolean> = {
  Pod: (_, status) => condition(status, 'Ready'),
  Node: (_, status) => condition(status, 'Ready'),
  Deployment: replicasReady,
  StatefulSet: replicasReady,
  ReplicaSet: replicasReady,
  Rollout: replicasReady,
  DaemonSet: (object, status) =>
    observed(object, status) &&
    countAt(status['numberReady'], 0) >= countAt(status['desiredNumberScheduled'], 1),
  Job: (_, status) => condition(status, 'Complete'),
};

function observed(object: KubeObject, status: Status): boolean {
  // Argo Rollouts writes the number as a string.
  const seen = Number(status['observedGeneration'] ?? 0);
  return seen >= (object.metadata.generation ?? 0);
}

function replicasReady(object: KubeObject, status: Status): boolean {
  const wanted = countAt(recordAt(object['spec'])['replicas'], 1);
  return (
    observed(object, status) &&
    countAt(status['readyReplicas'], 0) >= wanted &&
    countAt(status['updatedReplicas'], 0) >= toBeUpdated(object, wanted)
  );
}

/**
 * How many replicas must have the newest template. A ReplicaSet has no other; a StatefulSet leaves as they are those below its partition, and all of
 * them where somebody must delete them (OnDelete).
 */
export function toBeUpdated({ kind, spec }: { kind: string; spec?: unknown }, wanted: number): number {
  if (kind === 'ReplicaSet') return 0;
  const { type, rollingUpdate } = recordAt(recordAt(spec)['updateStrategy']);
  return type === 'OnDelete' ? 0 : wanted - countAt(recordAt(rollingUpdate)['partition'], 0);
}

const IN: Record<Until, (object: KubeObject, status: Status) => boolean> = {
  exists: () => true,
  // Decided by absence: nothing that is there matches.
  gone: () => false,
  bound: (_, status) => status['phase'] === 'Bound',
  succeeded: (_, status) =>
    status['phase'] === 'Succeeded' || condition(status, 'Complete') || countAt(status['succeeded'], 0) > 0,
  ready: (object, status) =>
    object.metadata.deletionTimestamp === undefined && (READY[object.kind]?.(object, status) ?? true),
};

/** Whether an object is in the state that is waited for. */
export function isIn(state: Until, object: KubeObject): boolean {
  return IN[state](object, recordAt(object['status']));
}

/** An object that can never succeed any more: waiting on would only waste time. */
export function hasFailed(object: KubeObject): boolean {
  const status = recordAt(object['status']);
  return status['phase'] === 'Failed' || condition(status, 'Failed');
}

/** What an object is doing now, in a few words, for the message of a wait that ran out. */
export function describe(object: KubeObject): string {
  const status = recordAt(object['status']);
  const { phase, readyReplicas, containerStatuses } = status;
  const unmet = conditionsOf(status).flatMap(({ type, isTrue }) => (isTrue ? [] : [type]));
  const parts = [
    typeof phase === 'string' ? phase : '',
    typeof readyReplicas === 'number' ? `${readyReplicas} ready` : '',
    ...recordsIn(containerStatuses).map(troubleOf),
    unmet.length === 0 ? '' : `not ${unmet.join(', ')}`,
  ].filter((part) => part !== '');
  return `${object.metadata.name} (${parts.join('; ') || 'no status'})`;
}

function troubleOf({ name, state }: Record<string, unknown>): string {
  const { waiting, terminated } = recordAt(state);
  const why = recordAt(waiting)['reason'] ?? recordAt(terminated)['reason'];
  return typeof why === 'string' ? `${String(name)}: ${why}` : '';
}
