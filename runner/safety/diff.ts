import { isObject } from './timers/undo-kube.ts';
import type { ChangedField, Json } from './timers/undo-kube.ts';

/** What a merge patch (RFC 7386) makes of a value. */
export function mergePatched(value: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(value) ? value : {}));
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) result.delete(key);
    else result.set(key, mergePatched(result.get(key), change));
  }
  return Object.fromEntries(result);
}

/**
 * The fields in which two states of an object differ, each at the deepest key that both have. A list is one value, and so is an object that is
 * only in one of the two: without some of its keys it can be invalid.
 */
export function changedFields(
  before: Json | undefined,
  after: Json | undefined,
  at: readonly string[] = [],
): ChangedField[] {
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changedFields(before[key], after[key], [...at, key]));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ at: [...at], before: optional(before), after: optional(after) }];
}

function optional(value: Json | undefined): [] | [Json] {
  return value === undefined || value === null ? [] : [value];
}
