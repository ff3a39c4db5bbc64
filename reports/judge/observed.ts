/** Readers of a history: observations of a kind, with the type of that kind. */
import type { Observation } from '../record/history.ts';
import type { Kind, Seen } from '../record/observations/index.ts';

interface Observed {
  readonly observations: readonly Observation[];
}

/** A kind has one form only: a line of another was damaged when it was read. */
function isOf<K extends Kind>(kind: K): (seen: Observation) => seen is Observation & Seen<K> {
  return (seen): seen is Observation & Seen<K> => seen.kind === kind;
}

/** All of a kind, in the order of their times. */
export function all<K extends Kind>({ observations }: Observed, kind: K): Seen<K>[] {
  return observations.filter(isOf(kind));
}

export function first<K extends Kind>({ observations }: Observed, kind: K): Seen<K> | undefined {
  return observations.find(isOf(kind));
}

export function last<K extends Kind>({ observations }: Observed, kind: K): Seen<K> | undefined {
  return observations.findLast(isOf(kind));
}
