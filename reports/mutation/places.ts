/** Finds values in an observation, names them by path, and changes them in a copy. */
import type { Observation } from '../record/history/history.ts';
import { chosen, shapeOfKind, step } from './shape.ts';
import type { Json, Shape } from './shape.ts';

/** An observation as plain JSON. After a change it may no longer fit its schema: `parseObservation` decides. */
export interface Line {
  readonly [field: string]: Json;
}
type Key = string | number;

/** A value in an observation. `path` is the same in all lines of a kind: `kind.list[].field`; entries of a record are `.*`. */
export interface Place {
  path: string;
  keys: readonly Key[];
  value: Json;
  /** The values that the schema allows here; null: it does not list them. */
  choices: readonly (string | number | boolean | null)[] | null;
  shape: Shape;
  /** A field that may be left out, and is. */
  absent?: true;
}

/** Longest list to look into as a whole. In a longer one only some elements are: ten thousand points have the same fields. */
const WHOLE_LIST = 48;
const OF_A_LIST = 5;
/** Every line has them, and other operators change them. */
const OWN: readonly string[] = ['kind', 't'];

/** The observation as plain JSON. */
export function jsonOf(seen: Observation): Line {
  return seen;
}

/** @throws Error for a value that is not a record; a change inside an observation never leads to that */
function lineOf(value: Json): Line {
  if (!isRecord(value)) throw new Error('a line of a history is a record');
  return value;
}

/** Leaves, lists, records that are not empty, and fields that are left out. */
export function placesOf(seen: Observation): Place[] {
  const found: Place[] = [];
  const shape = shapeOfKind(seen.kind);
  absentIn({ path: seen.kind, keys: [], value: jsonOf(seen), shape }, found);
  for (const [key, value] of Object.entries(jsonOf(seen))) {
    if (OWN.includes(key)) continue;
    const next = step(shape, key);
    collect({ path: `${seen.kind}${next.adds}`, keys: [key], value, shape: next.shape }, found);
  }
  return found;
}

interface At {
  path: string;
  keys: readonly Key[];
  value: Json;
  shape: Shape;
}

function collect({ path, keys, value, shape: general }: At, found: Place[]): void {
  const shape = chosen(general, value);
  const choices = shape.is === 'choice' ? shape.values : null;
  if (value === null || typeof value !== 'object') {
    found.push({ path, keys, value, choices, shape: general });
    return;
  }
  if (isCollection(value, shape)) found.push({ path, keys, value, choices, shape });
  for (const [key, child] of childrenOf(value)) {
    const next = step(shape, key);
    collect({ path: `${path}${next.adds}`, keys: [...keys, key], value: child, shape: next.shape }, found);
  }
  absentIn({ path, keys, value, shape }, found);
}

function absentIn({ path, keys, value, shape }: At, found: Place[]): void {
  if (shape.is !== 'object' || !isRecord(value)) return;
  for (const name of shape.optional) {
    const { shape: own, adds } = step(shape, name);
    if (Object.hasOwn(value, name) || (keys.length === 0 && OWN.includes(name))) continue;
    const at = { path: `${path}${adds}`, keys: [...keys, name], value: null };
    found.push({ ...at, choices: null, shape: own, absent: true });
  }
}

function isCollection(value: object, shape: Shape): boolean {
  if (Array.isArray(value)) return shape.is === 'list';
  return shape.is === 'record' && Object.keys(value).length > 0;
}

function childrenOf(value: readonly Json[] | { readonly [key: string]: Json }): [Key, Json][] {
  if (!isList(value)) return Object.entries(value);
  const entries = value.map((child, index): [Key, Json] => [index, child]);
  if (entries.length <= WHOLE_LIST) return entries;
  const middle = Math.floor(entries.length / 2);
  return [
    ...entries.slice(0, OF_A_LIST),
    ...entries.slice(middle, middle + OF_A_LIST),
    ...entries.slice(-OF_A_LIST),
  ];
}

export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** The observation with another value at one place. */
export function withValue(seen: Observation, keys: readonly Key[], value: Json): Line {
  return lineOf(put(jsonOf(seen), keys, value));
}

function put(at: Json, [key, ...rest]: readonly Key[], value: Json): Json {
  if (key === undefined) return value;
  if (isList(at)) return at.map((child, index) => (index === key ? put(child, rest, value) : child));
  if (!isRecord(at)) return at;
  return { ...at, [key]: put(at[key] ?? null, rest, value) };
}

/** The observation with every value changed that lies at one of the paths, in whatever element of its lists. */
export function withAll(seen: Observation, paths: ReadonlySet<string>, change: (value: Json) => Json): Line {
  const of = [...paths];
  const walk = ({ path, value, shape: general }: Omit<At, 'keys'>): Json => {
    if (paths.has(path)) return change(value);
    if (value === null || typeof value !== 'object') return value;
    if (!of.some((one) => one.startsWith(path))) return value;
    const shape = chosen(general, value);
    const child = (key: Key, inner: Json): Json => {
      const next = step(shape, key);
      return walk({ path: `${path}${next.adds}`, value: inner, shape: next.shape });
    };
    if (isList(value)) return value.map((inner, index) => child(index, inner));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, child(key, inner)]));
  };
  return lineOf(walk({ path: seen.kind, value: jsonOf(seen), shape: shapeOfKind(seen.kind) }));
}

/**
 * The observation without a subject: null if a field of its own names it, otherwise a copy without the list elements that do.
 * Returns the same object if nothing names the subject.
 */
export function without(seen: Observation, names: (text: string) => boolean): Line | null {
  const walk = (value: Json, general: Shape): Json | undefined => {
    if (typeof value === 'string') return names(value) ? undefined : value;
    if (value === null || typeof value !== 'object') return value;
    const shape = chosen(general, value);
    if (isList(value)) return listWithout(value, { shape, walk });
    return recordWithout(value, { shape, walk }, names);
  };
  const left = walk(jsonOf(seen), shapeOfKind(seen.kind));
  return left === undefined ? null : lineOf(left);
}

interface Within {
  shape: Shape;
  walk: (value: Json, shape: Shape) => Json | undefined;
}

function listWithout(value: readonly Json[], { shape, walk }: Within): Json | undefined {
  const inner = value.map((child, index) => walk(child, step(shape, index).shape));
  // Parts of a tuple cannot be left out: it goes as a whole.
  if (shape.is === 'tuple') return inner.includes(undefined) ? undefined : value;
  const left = inner.filter((child) => child !== undefined);
  return left.length === value.length && left.every((child, index) => child === value[index]) ? value : left;
}

/** An object goes as a whole if one of its fields must; a record only loses the entry. */
function recordWithout(
  value: { readonly [key: string]: Json },
  { shape, walk }: Within,
  names: (text: string) => boolean,
): Json | undefined {
  const isRecordOf = shape.is === 'record';
  const entries = Object.entries(value).map(([key, inner]): [string, Json | undefined] => [
    key,
    isRecordOf && names(key) ? undefined : walk(inner, step(shape, key).shape),
  ]);
  const left = entries.filter((entry): entry is [string, Json] => entry[1] !== undefined);
  const fewer = left.length < entries.length;
  if (fewer && !isRecordOf) return undefined;
  return !fewer && left.every(([key, inner]) => inner === value[key]) ? value : Object.fromEntries(left);
}
