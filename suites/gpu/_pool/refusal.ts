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
  const [event] = items
    .filter((one) => isRefusalOf(one, pod))
    .sort((a, b) => timeOf(b).localeCompare(timeOf(a)));
  if (event?.message !== undefined) return { message: event.message, source: 'event' };
  const scheduled = (pod.status.conditions ?? []).find(({ type }) => type === 'PodScheduled');
  return scheduled?.message === undefined ? null : { message: scheduled.message, source: 'condition' };
}

function timeOf({ lastTimestamp, eventTime, metadata }: EventObject): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

/** Only a scheduler gives this reason, whatever its name. */
function isRefusalOf({ involvedObject, reason }: EventObject, { metadata }: PodObject): boolean {
  return (
    reason === 'FailedScheduling' &&
    involvedObject.kind === 'Pod' &&
    involvedObject.name === metadata.name &&
    involvedObject.uid === metadata.uid
  );
}
