/** Readers of a history: observations of a kind, with the type of that kind. */
import type { Observation } from '../record/history/history.ts';
import type { Kind, Seen } from '../record/observations/index.ts';

interface Observed {
  readonly observations: readonly Observation[];
}

/** Each kind has one schema: a line that does not fit was set aside as damaged when it was read. */
function isOf<K extends Kind>(kind: K): (seen: Observation) => seen is Observation & Seen<K> {
  return (seen): seen is Observation & Seen<K> => seen.kind === kind;
}

interface Index {
  length: number;
  byKind: ReadonlyMap<string, readonly Observation[]>;
}

/** Observations by kind, cached per list: judges query many kinds, and histories have thousands of lines. */
const indexes = new WeakMap<readonly Observation[], Index>();

function ofKind(observations: readonly Observation[], kind: Kind): readonly Observation[] {
  let index = indexes.get(observations);
  if (index?.length !== observations.length) {
    const { length } = observations;
    index = { length, byKind: Map.groupBy(observations, (seen) => seen.kind) };
    indexes.set(observations, index);
  }
  return index.byKind.get(kind) ?? [];
}

/** All of a kind, in the order of their times. */
export function all<K extends Kind>({ observations }: Observed, kind: K): Seen<K>[] {
  return ofKind(observations, kind).filter(isOf(kind));
}

export function first<K extends Kind>({ observations }: Observed, kind: K): Seen<K> | undefined {
  return ofKind(observations, kind).find(isOf(kind));
}

export function last<K extends Kind>({ observations }: Observed, kind: K): Seen<K> | undefined {
  return ofKind(observations, kind).findLast(isOf(kind));
}
