/** Describes for people the state of a workload that is not ready, from API objects. */
import { atMost } from '../../../reports/record/at-most.ts';

interface ContainerStatus {
  name: string;
  ready?: boolean;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: Ended };
  lastState?: { terminated?: Ended };
}
interface Ended {
  reason?: string;
  exitCode?: number;
}

export interface SeenWorkload {
  metadata: { name: string };
  spec: { replicas?: number; selector?: { matchLabels?: Record<string, string> } };
  status?: Partial<
    Record<
      | 'readyReplicas'
      | 'updatedReplicas'
      | 'numberReady'
      | 'desiredNumberScheduled'
      | 'updatedNumberScheduled',
      number
    >
  >;
}

export interface SeenPod {
  metadata: { name: string };
  status?: {
    phase?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface SeenEvent {
  involvedObject?: { name?: string };
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
}

export interface Seen {
  workload: SeenWorkload;
  pods: readonly SeenPod[];
  /** Warnings of its namespace. */
  events: readonly SeenEvent[];
  now: Date;
}

/** Maximum number of pods that are described: others usually have the same problem. */
const MOST_PODS = 3;
/** Maximum length of a message, in which kubelet repeats the image's name and digest. */
const MOST_CHARACTERS = 300;

/** `1 of 3 pods ready; pod a: container c waits, ImagePullBackOff (…); latest warning, 4 s ago, of a: Failed (…)`. */
export function lastSeen(seen: Seen): string {
  const { pods } = seen;
  const open = pods.filter((pod) => !isReady(pod));
  return [
    ...counts(seen.workload),
    ...(pods.length === 0 ? ['it has no pod'] : []),
    ...atMost(
      open.map((pod) => `pod ${pod.metadata.name}: ${podText(pod)}`),
      MOST_PODS,
    ),
    ...latestWarning(seen),
  ].join('; ');
}

/** Ready and wanted pods. A DaemonSet has other names for these fields than a Deployment and a StatefulSet. */
function counts({ spec, status = {} }: SeenWorkload): string[] {
  const wanted = status.desiredNumberScheduled ?? spec.replicas ?? 1;
  const ready = status.readyReplicas ?? status.numberReady ?? 0;
  const newest = status.updatedReplicas ?? status.updatedNumberScheduled ?? 0;
  const behind = newest < wanted ? [`${String(newest)} of its newest template`] : [];
  return [`${String(ready)} of ${String(wanted)} pods ready`, ...behind];
}

function isReady({ status }: SeenPod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
}

/** Why the pod is not ready: the state of the first container that is not ready. */
function podText({ status = {} }: SeenPod): string {
  const unplaced = status.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  if (unplaced !== undefined) return withDetail(unplaced.reason ?? 'not scheduled', unplaced.message);
  const init = status.initContainerStatuses?.find(({ state }) => state?.terminated?.exitCode !== 0);
  const first = init ?? status.containerStatuses?.find(({ ready }) => ready !== true);
  return first === undefined ? (status.phase ?? 'no state yet') : containerText(first);
}

function containerText({ name, state, lastState }: ContainerStatus): string {
  const ended = state?.terminated ?? lastState?.terminated;
  const before = ended === undefined ? '' : `, ended before: ${endedText(ended)}`;
  const { waiting } = state ?? {};
  if (waiting !== undefined)
    return `container ${name} waits, ${withDetail(waiting.reason ?? 'no reason', waiting.message)}${before}`;
  if (state?.terminated !== undefined) return `container ${name} ended: ${endedText(state.terminated)}`;
  return `container ${name} runs, not ready${before}`;
}

function endedText({ reason = 'no reason', exitCode }: Ended): string {
  return exitCode === undefined ? reason : `${reason}, exit code ${String(exitCode)}`;
}

function latestWarning({ workload, pods, events, now }: Seen): string[] {
  const names = new Set([workload.metadata.name, ...pods.map(({ metadata }) => metadata.name)]);
  const [latest] = events
    .map((event) => ({
      of: event.involvedObject?.name ?? '',
      what: withDetail(event.reason ?? 'no reason', event.message),
      atMs: Date.parse(event.lastTimestamp ?? event.eventTime ?? ''),
    }))
    .filter(({ of, atMs }) => !Number.isNaN(atMs) && (names.has(of) || isReplicaSet(of, workload)))
    .sort((a, b) => b.atMs - a.atMs);
  if (latest === undefined) return [];
  const ago = Math.max(0, Math.round((now.getTime() - latest.atMs) / 1000));
  return [`latest warning, ${String(ago)} s ago, of ${latest.of}: ${latest.what}`];
}

/**
 * Whether a ReplicaSet belongs to the Deployment: its name is the Deployment's and a hash without vowels (apimachinery,
 * rand.SafeEncodeString).
 */
function isReplicaSet(name: string, { metadata }: SeenWorkload): boolean {
  const start = `${metadata.name}-`;
  return name.startsWith(start) && /^[bcdfghjklmnpqrstvwxz2456789]+$/.test(name.slice(start.length));
}

function withDetail(reason: string, message: string | undefined): string {
  const text = (message ?? '').replaceAll(/\s+/g, ' ').trim();
  if (text === '' || text === reason) return reason;
  return `${reason} (${text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text})`;
}
