import type { EventObject } from '../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
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

/** Of kubelet; where the newest of them is `Pulling`, there is a sandbox. */
const NO_SANDBOX = 'FailedCreatePodSandBox';
const PULLING = 'Pulling';

/**
 * Why a pod on its node has no sandbox, in kubelet's words; null: it says nothing of that. By its events, since the condition
 * PodReadyToStartContainers stays False until images are pulled before Kubernetes 1.36 (kubernetes/kubernetes#134660).
 */
export async function noSandbox(
  ctx: Pick<CheckContext, 'cluster'>,
  pod: PodObject | undefined,
  namespace: string,
): Promise<string | null> {
  if (pod === undefined) return null;
  const { items } = await ctx.cluster.list({ kind: 'v1/Event', namespace });
  const newest = newestOf(items, pod, [NO_SANDBOX, PULLING]);
  return newest?.reason === NO_SANDBOX ? `${NO_SANDBOX}: ${newest.message ?? ''}` : null;
}

function newestOf(
  events: readonly EventObject[],
  pod: PodObject,
  reasons: readonly string[],
): EventObject | undefined {
  return events
    .filter((one) => isOf(one, pod) && reasons.includes(one.reason ?? ''))
    .sort((a, b) => timeOf(b).localeCompare(timeOf(a)))[0];
}

function timeOf({ lastTimestamp, eventTime, metadata }: EventObject): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

function isOf({ involvedObject }: EventObject, { metadata }: PodObject): boolean {
  return (
    involvedObject.kind === 'Pod' &&
    involvedObject.name === metadata.name &&
    involvedObject.uid === metadata.uid
  );
}
