import type { EventObject } from '../../../probes/kubernetes/objects.ts';

/** When an event was last seen, as the API server writes it; empty where it does not say. */
export function timeOf({ lastTimestamp, eventTime, metadata }: EventObject): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

/** The oldest first. */
export const byTime = (one: EventObject, other: EventObject): number =>
  timeOf(one).localeCompare(timeOf(other));
