import type { EventObject } from '../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
import { byTime, timeOf } from '../../topology/_objects/events.ts';
import type { PodObject } from '../../topology/_objects/shapes.ts';

/** Why the scheduler finds no node for a pod, in its own words. */
export interface Refusal {
  message: string;
  /** event: the scheduler's own; condition: what it wrote into the status of the pod, where no event came. */
  source: 'event' | 'condition';
}

/** The last word of the scheduler on a pod; null when it has said nothing. */
export async function refusalOf(
  ctx: Pick<CheckContext, 'cluster'>,
  pod: PodObject | undefined,
  namespace: string,
): Promise<Refusal | null> {
  if (pod === undefined) return null;
  const { items } = await ctx.cluster.list({ kind: 'v1/Event', namespace });
  // Only a scheduler gives this reason, whatever its name.
  const event = newestOf(items, pod, ['FailedScheduling']);
  if (event?.message !== undefined) return { message: event.message, source: 'event' };
  const scheduled = (pod.status.conditions ?? []).find(({ type }) => type === 'PodScheduled');
  return scheduled?.message === undefined ? null : { message: scheduled.message, source: 'condition' };
}

const PULLING = 'Pulling';
const PULLED = 'Pulled';
/** Reasons of kubelet's events while it creates a container, of which only `Pulling` says that the image is still coming. */
const CREATING = ['FailedMount', 'FailedCreatePodSandBox', PULLING, PULLED];
/** A container is started within this time after its image has come, also where the clock of its node is some seconds off. */
const STARTS_IN_MS = 30_000;

/**
 * Why a container is still being created, in kubelet's words: a volume is not mounted, there is no sandbox, or the image is there and the container is not
 * started all the same. null: its image is being pulled or has just come, or kubelet says nothing of it. By its events, since the condition
 * PodReadyToStartContainers stays False until images are pulled before Kubernetes 1.36 (kubernetes/kubernetes#134660).
 */
export async function whyNotStarted(
  ctx: Pick<CheckContext, 'cluster'>,
  pod: PodObject | undefined,
  namespace: string,
): Promise<string | null> {
  if (pod === undefined) return null;
  const { items } = await ctx.cluster.list({ kind: 'v1/Event', namespace });
  const newest = newestOf(items, pod, CREATING);
  if (newest === undefined || newest.reason === PULLING) return null;
  if (newest.reason === PULLED && Date.now() - Date.parse(timeOf(newest)) < STARTS_IN_MS) return null;
  return `${newest.reason}: ${newest.message ?? ''}`;
}

function newestOf(
  events: readonly EventObject[],
  pod: PodObject,
  reasons: readonly string[],
): EventObject | undefined {
  return events
    .filter((one) => isOf(one, pod) && reasons.includes(one.reason ?? ''))
    .sort((a, b) => byTime(b, a) || nameOf(b).localeCompare(nameOf(a)))[0];
}

/** It ends with the time of the event in nanoseconds (client-go, GenerateEventName); `lastTimestamp` is in whole seconds. */
const nameOf = ({ metadata }: EventObject): string => metadata.name;

function isOf({ involvedObject }: EventObject, { metadata }: PodObject): boolean {
  return (
    involvedObject.kind === 'Pod' &&
    involvedObject.name === metadata.name &&
    involvedObject.uid === metadata.uid
  );
}
