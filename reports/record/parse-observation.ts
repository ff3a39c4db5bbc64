import type { Observation } from './history.ts';
import { schemaOf } from './observations/index.ts';

/** Null for what is no observation: without kind or time, of a kind that nobody writes, or of a shape that its kind has not. */
export function parseObservation(value: { readonly [field: string]: unknown }): Observation | null {
  const { kind, t } = value;
  if (typeof kind !== 'string' || typeof t !== 'number') return null;
  const parsed = schemaOf(kind)?.safeParse(value);
  // eslint-disable-next-line verdicts/no-cast-from-unknown -- the schema of a kind has just accepted it; which one it is the compiler cannot know
  return parsed?.success === true ? (parsed.data as Observation) : null;
}
