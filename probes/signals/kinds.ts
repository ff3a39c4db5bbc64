/** What kinds of one source of telemetry have in common. */
import { z } from 'zod';

/** One product that may be declared under `kind`. */
export interface SignalKind {
  kind: string;
  /** Its name for people. */
  label: string;
  /** The version that has answered its adapter; null: it follows the documentation alone, and reports say that it is not met yet. */
  metWith: string | null;
}

/** For `kind`. */
export function kindNames(kinds: readonly SignalKind[]): z.ZodEnum<Record<string, string>> {
  return z.enum(kinds.map(({ kind }) => kind));
}

/** @throws Error for a kind that no list has: then the environment was not read by its schema */
export function kindOf<K extends SignalKind>(kinds: readonly K[], name: string): K {
  const found = kinds.find(({ kind }) => kind === name);
  if (found === undefined)
    throw new Error(`no kind "${name}"; there are ${kinds.map(({ kind }) => kind).join(', ')}`);
  return found;
}
