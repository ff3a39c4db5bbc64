/** Operators on values: numbers, booleans and lists, in one line and in all lines of a kind. */
import type { History } from '../record/history/history.ts';
import { byKind, shown, withObservations } from './mutant.ts';
import type { Mutant, Subject } from './mutant.ts';
import { isList, isRecord, placesOf, withAll, withValue } from './places.ts';
import type { Json, Line, Place } from './places.ts';
import { spread } from './random.ts';
import type { Random } from './random.ts';

export const FACTORS = [0, 10, -1] as const;
/** Random places besides the first, the middle and the last. */
const OTHER_PLACES = 2;
const LINES_LOOKED_INTO = 300;

/** A place and the line that it is in. */
export type Found = Place & { index: number };

/** Places by path. All lines of a kind have the same paths, so of very many lines only some are read. */
export function placesByPath(history: History, random: Random): Map<string, Found[]> {
  const found = new Map<string, Found[]>();
  const looked = [...byKind(history.observations).values()].flatMap((indexes) =>
    spread(indexes, LINES_LOOKED_INTO, random),
  );
  for (const index of looked) {
    const seen = history.observations[index];
    for (const place of seen === undefined ? [] : placesOf(seen)) {
      const list = found.get(place.path);
      if (list === undefined) found.set(place.path, [{ ...place, index }]);
      else list.push({ ...place, index });
    }
  }
  return found;
}

export interface Change {
  operator: string;
  change: (value: Json) => Json;
}

/** Changes to try on a value; none that would leave it as it is. */
function changesOf(value: Json, choices: readonly Json[] | null): Change[] {
  if (typeof value === 'number')
    return FACTORS.filter((factor) => value * factor !== value).map((factor) => ({
      operator: `number × ${factor}`,
      change: (of) => (typeof of === 'number' ? of * factor + 0 : of),
    }));
  if (typeof value === 'boolean')
    return [{ operator: 'boolean turned', change: (of) => (typeof of === 'boolean' ? !of : of) }];
  if (isList(value)) return [{ operator: 'list emptied', change: (of) => (isList(of) ? [] : of) }];
  if (isRecord(value)) return [{ operator: 'record emptied', change: (of) => (isRecord(of) ? {} : of) }];
  return (choices ?? [])
    .filter((choice) => choice !== value)
    .map((choice) => ({ operator: 'choice changed', change: () => choice }));
}

export function valuesBent(subject: Subject, places: ReadonlyMap<string, readonly Found[]>): Mutant[] {
  const { history } = subject.trial;
  const kinds = byKind(history.observations);
  return [...places].flatMap(([path, all]) => {
    const bendable = all.filter(({ value, choices }) => isBendable(value, choices, subject.choices));
    if (bendable.length === 0) return [];
    const single = spread(bendable, OTHER_PLACES, subject.random).flatMap((place) =>
      changesOf(place.value, place.choices).map((change) => inOne(history, place, change)),
    );
    const operators = new Map(
      bendable.flatMap(({ value, choices }) =>
        choices === null ? changesOf(value, choices).map((one): [string, Change] => [one.operator, one]) : [],
      ),
    );
    const lines = kinds.get(kindOf(history, bendable)) ?? [];
    const whole = [...operators.values()].map((change) => inAll(history, { path, lines, change }));
    return bendable.length > 1 ? [...single, ...whole] : single;
  });
}

export function kindOf(history: History, [first]: readonly Found[]): string {
  return history.observations[first?.index ?? -1]?.kind ?? '';
}

function isBendable(value: Json, choices: readonly Json[] | null, withChoices: boolean): boolean {
  if (value === null) return false;
  if (typeof value === 'string') return withChoices && choices !== null;
  // A literal has only one allowed value: any other would just be one more damaged line.
  return choices === null || withChoices;
}

export function inOne(
  history: History,
  { index, keys, path, value }: Found,
  { operator, change }: Change,
): Mutant {
  const seen = history.observations[index];
  const after = change(value);
  return {
    operator,
    path,
    before: shown(value),
    after: shown(after),
    make: () =>
      seen === undefined ? null : withObservations(history, new Map([[index, withValue(seen, keys, after)]])),
  };
}

interface InAll {
  path: string;
  lines: readonly number[];
  change: Change;
}

function inAll(history: History, { path, lines, change }: InAll): Mutant {
  return {
    operator: `${change.operator}, all`,
    path,
    before: `${lines.length} lines`,
    after: change.operator,
    make: () => withObservations(history, changedLines(history, lines, new Set([path]), change.change)),
  };
}

export function changedLines(
  history: History,
  lines: readonly number[],
  paths: ReadonlySet<string>,
  change: (value: Json) => Json,
): Map<number, Line> {
  const changed = new Map<number, Line>();
  for (const index of lines) {
    const seen = history.observations[index];
    if (seen !== undefined) changed.set(index, withAll(seen, paths, change));
  }
  return changed;
}
