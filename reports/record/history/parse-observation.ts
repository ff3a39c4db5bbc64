import type { Observation } from './history.ts';
import { schemaOf } from '../observations/index.ts';

/** Null for what is no observation: without kind or time, of a kind that nobody writes, or of a shape that its kind has not. */
export function parseObservation(value: { readonly [field: string]: unknown }): Observation | null {
  const { kind, t } = value;
  if (typeof kind !== 'string' || typeof t !== 'number') return null;
  const parsed = schemaOf(kind)?.safeParse(value);
  return parsed?.success === true ? (parsed.data as Observation) : null;
}
