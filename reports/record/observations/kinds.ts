import { z } from 'zod';

/** The schema of one kind of observation: its name, its time, its own fields, and nothing else. */
type KindSchema<K extends string, S extends z.ZodRawShape> = z.ZodObject<
  { kind: z.ZodLiteral<K>; t: z.ZodNumber } & S,
  z.core.$strict
>;

/** Schemas of kinds, whichever they are. */
export type KindSchemas = Readonly<Record<string, z.ZodObject>>;

/**
 * Schemas of several kinds, from the fields of each. `t` is CLOCK_MONOTONIC in ms and is added to all; an unknown field, a missing one or
 * one of another type makes a line damaged. Names of fields say their unit (`Ms`, `Seconds`, `Bytes`, `Ratio`).
 */
export function kinds<const T extends Record<string, z.ZodRawShape>>(
  shapes: T,
): { [K in keyof T & string]: KindSchema<K, T[K]> } {
  const entries = Object.entries(shapes).map(([kind, shape]) => [
    kind,
    z.strictObject({ kind: z.literal(kind), t: z.number(), ...shape }),
  ]);
  // eslint-disable-next-line verdicts/no-cast-from-unknown -- fromEntries forgets which name has which schema: they are those of the entries
  return Object.fromEntries(entries) as { [K in keyof T & string]: KindSchema<K, T[K]> };
}

/** Inclusive ranges of numbers, `[from, to]` each. */
export const ranges = z.array(z.tuple([z.int(), z.int()]));
