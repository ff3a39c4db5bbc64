/** Readers of a history: observations of a kind, with the type of that kind. */
import type { Observation } from '../record/history.ts';
import type { Kind, Seen } from '../record/observations/index.ts';

/** All of a kind, in the order of their times. */
export function all<K extends Kind>(
  { observations }: { readonly observations: readonly Observation[] },
  kind: K,
): Seen<K>[] {
  return observations.filter((seen) => seen.kind === kind) as unknown as Seen<K>[];
}

export function first<K extends Kind>(
  { observations }: { readonly observations: readonly Observation[] },
  kind: K,
): Seen<K> | undefined {
  return observations.find((seen) => seen.kind === kind) as unknown as Seen<K> | undefined;
}

export function last<K extends Kind>(
  { observations }: { readonly observations: readonly Observation[] },
  kind: K,
): Seen<K> | undefined {
  return observations.findLast((seen) => seen.kind === kind) as unknown as Seen<K> | undefined;
}
