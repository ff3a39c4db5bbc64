/** Finds values in an observation, names them by path, and changes them in a copy. */
import type { Observation } from '../record/history/history.ts';
import { chosen, shapeOfKind, step } from './shape.ts';
import type { Shape } from './shape.ts';

/** An observation as plain JSON. After a change it may no longer fit its schema: `parseObservation` decides. */
export interface Line {
  readonly [field: string]: Json;
}
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Key = string | number;

/** A value in an observation. `path` is the same in all lines of a kind: `kind.list[].field`; entries of a record are `.*`. */
export interface Place {
  path: string;
  keys: readonly Key[];
  value: Json;
  /** The values that the schema allows here; null: it does not list them. */
  choices: readonly (string | number | boolean | null)[] | null;
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

/** Leaves, and lists and records that are not empty. */
export function placesOf(seen: Observation): Place[] {
  const found: Place[] = [];
  const shape = shapeOfKind(seen.kind);
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
    found.push({ path, keys, value, choices });
    return;
  }
  if (isCollection(value, shape)) found.push({ path, keys, value, choices });
  for (const [key, child] of childrenOf(value)) {
    const next = step(shape, key);
    collect({ path: `${path}${next.adds}`, keys: [...keys, key], value: child, shape: next.shape }, found);
  }
}

function isCollection(value: object, shape: Shape): boolean {
  if (Array.isArray(value)) return shape.is !== 'tuple' && value.length > 0;
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
 * Returns the same object if nothing names the subject. Lists for which `kept` is true stay as they are.
 */
export function without(
  seen: Observation,
  names: (text: string) => boolean,
  kept: (path: string) => boolean,
): Line | null {
  const walk = ({ path, value, shape: general }: Omit<At, 'keys'>): Json | undefined => {
    if (typeof value === 'string') return names(value) && !kept(path) ? undefined : value;
    if (value === null || typeof value !== 'object') return value;
    const shape = chosen(general, value);
    if (isList(value)) return listWithout(value, { path, shape, walk, kept });
    return recordWithout(value, { path, shape, walk, kept }, names);
  };
  const left = walk({ path: seen.kind, value: jsonOf(seen), shape: shapeOfKind(seen.kind) });
  return left === undefined ? null : lineOf(left);
}

interface Within {
  path: string;
  shape: Shape;
  walk: (at: Omit<At, 'keys'>) => Json | undefined;
  kept: (path: string) => boolean;
}

function listWithout(value: readonly Json[], { path, shape, walk, kept }: Within): Json | undefined {
  if (kept(path)) return value;
  const inner = value.map((child, index) => {
    const next = step(shape, index);
    return walk({ path: `${path}${next.adds}`, value: child, shape: next.shape });
  });
  // Parts of a tuple cannot be left out: it goes as a whole.
  if (shape.is === 'tuple') return inner.includes(undefined) ? undefined : value;
  const left = inner.filter((child) => child !== undefined);
  return left.length === value.length && left.every((child, index) => child === value[index]) ? value : left;
}

/** An object goes as a whole if one of its fields must; a record only loses the entry. */
function recordWithout(
  value: { readonly [key: string]: Json },
  { path, shape, walk, kept }: Within,
  names: (text: string) => boolean,
): Json | undefined {
  const isRecordOf = shape.is === 'record';
  const entries = Object.entries(value).map(([key, inner]): [string, Json | undefined] => {
    if (isRecordOf && names(key) && !kept(path)) return [key, undefined];
    const next = step(shape, key);
    return [key, walk({ path: `${path}${next.adds}`, value: inner, shape: next.shape })];
  });
  const left = entries.filter((entry): entry is [string, Json] => entry[1] !== undefined);
  const fewer = left.length < entries.length;
  if (fewer && !isRecordOf) return undefined;
  return !fewer && left.every(([key, inner]) => inner === value[key]) ? value : Object.fromEntries(left);
}
