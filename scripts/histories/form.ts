/**
 * Whether a stored history has the form of what is recorded now. Judges take records of earlier versions, which have less: mutants of what a history does
 * not have are never tried, so that nobody sees what a judge does not read of it.
 */
import { z } from 'zod';
import { parseJson } from '../../host/json.ts';
import { isRecord } from '../../reports/record/is-record.ts';
import type { History } from '../../reports/record/history/history.ts';
import { isLater } from '../../reports/record/observations/kinds.ts';
import { schemaOf } from '../../reports/record/observations/index.ts';
import { objectiveSchema } from '../../reports/record/objective.ts';
import type { StoredFile } from './stored.ts';

/** What every record of the check has now and this one lacks: goals, and fields that came later. @param goals those that its row has by default */
export function lackedBy({ header, observations }: History, goals: object): string[] {
  const lines = observations.flatMap((seen) => laterIn(schemaOf(seen.kind), seen, seen.kind));
  // Of a load whose answers are judged the objectives are only named.
  const fromMetrics = observations.some(({ kind }) => kind === 'budget-window');
  const stated = [...((fromMetrics ? header.settings.objectives : undefined) ?? [])].flatMap((one) =>
    typeof one === 'string' ? [] : laterIn(objectiveSchema, one, 'header.settings.objectives[]'),
  );
  const unstated = Object.keys(goals).filter((goal) => !Object.hasOwn(header.goals, goal));
  return [...new Set([...unstated.map((goal) => `header.goals.${goal}`), ...stated, ...lines])].sort();
}

/** Paths of the fields that a value lacks and that records have always by now. */
function laterIn(schema: z.core.$ZodType | undefined, value: unknown, path: string): string[] {
  if (value === undefined) return schema !== undefined && isLater(schema) ? [path] : [];
  if (value === null || typeof value !== 'object') return [];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return laterIn(schema.unwrap(), value, path);
  if (schema instanceof z.ZodArray)
    return elementsOf(value).flatMap((one) => laterIn(schema.element, one, `${path}[]`));
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries<z.core.$ZodType>(schema.shape).flatMap(([name, field]) =>
    laterIn(field, Reflect.get(value, name), `${path}.${name}`),
  );
}

const elementsOf = (value: object): unknown[] => (Array.isArray(value) ? value : []);

type Form = ReadonlyMap<string, ReadonlySet<string>>;

/** What lines of a run have and those of a stored history lack: kinds, and fields that every line of their kind has in the run. */
export function newerIn(run: readonly StoredFile[], stored: readonly StoredFile[]): string[] {
  const [now, before] = [formOf(run, true), formOf(stored, false)];
  return [...now].flatMap(([kind, fields]) => {
    const known = before.get(kind);
    if (known === undefined) return [kind];
    return [...fields].filter((field) => !known.has(field)).map((field) => `${kind}.${field}`);
  });
}

/** The fields of each kind: those of every line, or those of any. A line that is cut, as the last one of a run that was killed, has no form. */
function formOf(files: readonly StoredFile[], every: boolean): Form {
  const found = new Map<string, Set<string>>();
  for (const { text } of files)
    for (const line of text.split('\n')) {
      const seen = lineOf(line);
      if (seen === null) continue;
      const { kind, ...fields } = seen;
      const own = Object.keys(fields);
      const known = [...(found.get(kind) ?? own)];
      found.set(kind, new Set(every ? known.filter((name) => own.includes(name)) : [...known, ...own]));
    }
  return found;
}

function lineOf(line: string): ({ kind: string } & Record<string, unknown>) | null {
  const seen = parseJson(line);
  return isRecord(seen) && typeof seen['kind'] === 'string' ? { ...seen, kind: seen['kind'] } : null;
}
