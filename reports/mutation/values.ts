/** Operators on values, in one line and in all lines of a kind: what is there is bent, and what is clean, empty or left out is made dirty. */
import type { History } from '../record/history/history.ts';
import { byKind, withObservations } from './mutant.ts';
import type { Mutant, Trial } from './mutant.ts';
import { isName } from './names.ts';
import type { Names } from './names.ts';
import { isList, isRecord, placesOf, withAll, withValue } from './places.ts';
import type { Line, Place } from './places.ts';
import { exampleOf } from './shape.ts';
import type { Json } from './shape.ts';
import { spread } from './spread.ts';

/** A value that is neither the least nor the most that a judge may allow. */
const MANY = 1000;
/** Places of a path to bend one by one: the first, the middle and the last. */
const SINGLE_ONES = 3;
const LINES_LOOKED_INTO = 300;

/** A place and the line that it is in. */
type Found = Place & { index: number };

/** Places by path. All lines of a kind have the same paths, so of very many lines only some are read. */
export function placesByPath(history: History): Map<string, Found[]> {
  const found = new Map<string, Found[]>();
  const looked = [...byKind(history.observations).values()].flatMap((indexes) =>
    spread(indexes, LINES_LOOKED_INTO),
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

interface Change {
  operator: string;
  strict: boolean;
  change: (value: Json) => Json;
}

const changed = (operator: string, change: (value: Json) => Json, strict = false): Change => ({
  operator,
  strict,
  change,
});

/** Changes to try on a value; none that would leave it as it is. */
function changesOf(place: Place, names: Names): Change[] {
  const { value, choices, shape, absent } = place;
  if (absent === true) return [changed('field added', () => exampleOf(shape))];
  if (value === null) return [changed('null filled', () => exampleOf(shape))];
  if (choices === null)
    return typeof value === 'object' ? collectionChanges(place) : scalarChanges(value, names);
  return choices
    .filter((choice) => choice !== value)
    .map((choice) => changed(`to ${String(choice)}`, () => choice, true));
}

function collectionChanges({ value, shape }: Place): Change[] {
  if (!isList(value)) return [changed('record emptied', (of) => (isRecord(of) ? {} : of))];
  if (value.length > 0) return [changed('list emptied', (of) => (isList(of) ? [] : of))];
  return shape.is === 'list' ? [changed('element added', () => [exampleOf(shape.of)])] : [];
}

function scalarChanges(value: number | boolean | string, names: Names): Change[] {
  if (typeof value === 'boolean')
    return [changed('boolean turned', (of) => (typeof of === 'boolean' ? !of : of), true)];
  if (typeof value === 'number') return numberChanges(value);
  const other = names.others(value)[0] ?? 'another';
  return isName(value) ? [changed('name replaced', () => other)] : [];
}

function numberChanges(value: number): Change[] {
  const times = (factor: number): Change =>
    changed(`× ${factor}`, (of) => (typeof of === 'number' ? of * factor + 0 : of));
  return value === 0
    ? [1, MANY].map((to) => changed(`0 to ${to}`, (of) => (of === 0 ? to : of)))
    : [0, 10, -1].map(times);
}

export function valuesBent(
  { history }: Trial,
  places: ReadonlyMap<string, readonly Found[]>,
  names: Names,
): Mutant[] {
  const kinds = byKind(history.observations);
  return [...places.values()].flatMap((all) => {
    const single = singleOnes(all).flatMap((place) =>
      changesOf(place, names).map((change) => inOne(history, place, change)),
    );
    const lines = kinds.get(history.observations[all[0]?.index ?? -1]?.kind ?? '') ?? [];
    const [some] = all.filter(({ value, choices }) => choices === null && !isText(value) && value !== null);
    if (all.length < 2 || some === undefined) return single;
    const whole = changesOf(some, names).map((change) => inAll(history, { path: some.path, lines, change }));
    return [...single, ...whole];
  });
}

/** Some places of a path: of those that are clean, empty or left out as many as of those that hold something. */
function singleOnes(all: readonly Found[]): Found[] {
  const groups = Map.groupBy(all, ({ value, absent }) =>
    absent === true ? 'absent' : value === null || value === 0 || (isList(value) && value.length === 0),
  );
  return [...groups.values()].flatMap((group) => spread(group, SINGLE_ONES));
}

const isText = (value: Json): boolean => typeof value === 'string';

function inOne(history: History, { index, keys, path, value }: Found, change: Change): Mutant {
  const seen = history.observations[index];
  const make = (): History | null =>
    seen === undefined
      ? null
      : withObservations(history, new Map([[index, withValue(seen, keys, change.change(value))]]));
  return { operator: change.operator, path, strict: change.strict, make };
}

interface InAll {
  path: string;
  lines: readonly number[];
  change: Change;
}

function inAll(history: History, { path, lines, change: { operator, strict, change } }: InAll): Mutant {
  const make = (): History | null => {
    const changed = new Map<number, Line>();
    for (const index of lines) {
      const seen = history.observations[index];
      if (seen !== undefined) changed.set(index, withAll(seen, new Set([path]), change));
    }
    return withObservations(history, changed);
  };
  return { operator: `${operator}, all`, path, strict, make };
}
