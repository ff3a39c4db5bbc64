import type { History, Observation } from '../record/history/history.ts';
import { parseObservation } from '../record/history/parse-observation.ts';
import type { Line } from './places.ts';
import type { Random } from './random.ts';

/** A trial as it was recorded, and in which file each of its observations stands. */
export interface Trial {
  history: History;
  files: ReadonlyMap<Observation, string>;
}

/** One change to a history. The changed history is made only when it is tried: there are thousands. */
export interface Mutant {
  operator: string;
  /** What it changes, as annotations name it: `kind`, `kind.list[].field`, `write.field`. */
  path: string;
  before: string;
  after: string;
  /** null: the change made a line unreadable; the original history: the change had no effect. */
  make: () => History | null;
}

/** Input of an operator. */
export interface Subject {
  trial: Trial;
  /** Whether an annotation covers a path: operators that drop many lines at once keep such lines. */
  covered: (path: string) => boolean;
  random: Random;
  /** Whether values of a known set (enums, literals) are changed too. */
  choices: boolean;
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
  moved = false,
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
  if (changes.size === 0) return history;
  if (moved) observations.sort((a, b) => a.t - b.t);
  return { ...history, observations };
}

/** A mutant that leaves observations out. */
export function dropping(
  history: History,
  gone: Iterable<number>,
  of: Pick<Mutant, 'operator' | 'path' | 'before'>,
): Mutant {
  return {
    ...of,
    after: 'left out',
    make: () => withObservations(history, new Map([...gone].map((index) => [index, null]))),
  };
}

const MOST_CHARACTERS = 120;

/** A value as it is shown beside a survivor. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
