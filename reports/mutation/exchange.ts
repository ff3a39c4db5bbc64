/** Names of subjects in each other's place. */
import type { History } from '../record/history/history.ts';
import { byKind, withObservations } from './mutant.ts';
import type { Mutant, Subject } from './mutant.ts';
import { isName } from './names.ts';
import type { Names } from './names.ts';
import { isList, isRecord } from './places.ts';
import type { Json, Line } from './places.ts';
import { spread } from './random.ts';
import { changedLines, inOne, kindOf } from './values.ts';
import type { Found } from './values.ts';

/** Names of a field to exchange in one line, besides the first, the middle and the last. */
const OTHER_NAMES = 3;

/** Exchanges two names of a field in all lines of its kind, and replaces a name by another one in a single line. */
export function namesExchanged(
  { trial: { history }, random }: Subject,
  places: ReadonlyMap<string, readonly Found[]>,
  names: Names,
): Mutant[] {
  const kinds = byKind(history.observations);
  return [...places].flatMap(([path, all]) => {
    const named = all.flatMap((place) =>
      place.choices === null && isName(place.value) ? [{ ...place, value: place.value }] : [],
    );
    // A field that holds sentences is text for people, not a field of names.
    if (named.length === 0 || all.some(({ value }) => isSentence(value))) return [];
    const values = [...new Set(named.map(({ value }) => value))];
    const lines = kinds.get(kindOf(history, named)) ?? [];
    return spread(values, OTHER_NAMES, random).flatMap((value) => {
      const other = otherThan(value, values) ?? names.others(value)[0];
      const place = named.find((one) => one.value === value);
      if (other === undefined || place === undefined) return [];
      const swap: Mutant = {
        operator: 'names exchanged',
        path,
        before: value,
        after: other,
        make: () => {
          const changed = changedLines(history, lines, new Set([path]), (of) => swapped(of, value, other));
          return isSame(history, changed) ? history : withObservations(history, changed);
        },
      };
      const one = inOne(history, place, { operator: 'name replaced', change: () => other });
      return [swap, one];
    });
  });
}

function isSentence(value: Json): boolean {
  return typeof value === 'string' && value !== '' && !isName(value);
}

function otherThan(value: string, values: readonly string[]): string | undefined {
  if (values.length < 2) return undefined;
  return values[(values.indexOf(value) + 1) % values.length];
}

function swapped(value: Json, one: string, other: string): Json {
  if (value === one) return other;
  return value === other ? one : value;
}

/** Whether only the order of lines differs: then this is no mutant. */
function isSame(history: History, changed: ReadonlyMap<number, Line>): boolean {
  const before = [...changed.keys()].map((index) => history.observations[index]);
  const told = (list: readonly (Line | undefined)[]): string =>
    list
      .map((seen) => (seen === undefined ? '' : withoutOrder({ ...seen, t: 0 })))
      .toSorted()
      .join('\n');
  return told(before) === told([...changed.values()]);
}

function withoutOrder(value: Json): string {
  if (isList(value)) return `[${value.map(withoutOrder).toSorted().join(',')}]`;
  if (isRecord(value))
    return `{${Object.entries(value)
      .map(([key, child]) => `${key}:${withoutOrder(child)}`)
      .join(',')}}`;
  return JSON.stringify(value);
}
