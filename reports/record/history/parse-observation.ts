import type { Observation } from './history.ts';
import { schemaOf } from '../observations/index.ts';

/** Null for a value that is no observation: kind or time is missing, the kind is unknown, or the shape is not that kind's. */
export function parseObservation(value: { readonly [field: string]: unknown }): Observation | null {
  const { kind, t } = value;
  if (typeof kind !== 'string' || typeof t !== 'number') return null;
  const parsed = schemaOf(kind)?.safeParse(value);
  return parsed?.success === true ? (parsed.data as Observation) : null;
}
