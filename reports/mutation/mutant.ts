import type { History, Observation } from '../record/history/history.ts';
import { parseObservation } from '../record/history/parse-observation.ts';
import type { Line } from './places.ts';

/** A trial as it was recorded, and in which file each of its observations stands. */
export interface Trial {
  history: History;
  files: ReadonlyMap<Observation, string>;
}

/** One change to a history. The changed history is made only when it is tried: there are thousands. */
export interface Mutant {
  operator: string;
  /** What it changes: `kind`, `kind.list[].field`, `write`, or several things at once in brackets. */
  path: string;
  /** What it changes by its own name, which is shown where the mutant passes; absent: its path. */
  named?: string;
  /** Something is taken away or turned into its opposite: a pass needs a reason that somebody has written down. */
  strict: boolean;
  /** null: the change made a line unreadable; the original history: the change had no effect. */
  make: () => History | null;
}

/** By kind, the indexes of its observations. */
export function byKind(observations: readonly Observation[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [index, { kind }] of observations.entries()) {
    const list = found.get(kind);
    if (list === undefined) found.set(kind, [index]);
    else list.push(index);
  }
  return found;
}

/** The history with some observations changed, or left out (null). Changed ones are parsed like lines of a file. */
export function withObservations(
  history: History,
  changes: ReadonlyMap<number, Line | null>,
): History | null {
  const observations: Observation[] = [];
  for (const [index, seen] of history.observations.entries()) {
    const change = changes.get(index);
    if (change === undefined) observations.push(seen);
    else if (change !== null) {
      // What does not fit the schema of its kind is damaged.
      const read = parseObservation(change);
      if (read === null) return null;
      observations.push(read);
    }
  }
  return changes.size === 0 ? history : { ...history, observations };
}

/** A mutant that leaves observations out. */
export function dropping(
  history: History,
  gone: Iterable<number>,
  of: Pick<Mutant, 'operator' | 'path' | 'strict'>,
): Mutant {
  return {
    ...of,
    make: () => withObservations(history, new Map([...gone].map((index) => [index, null]))),
  };
}
