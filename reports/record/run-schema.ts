/**
 * The JSON Schema of `run.json` for readers in other languages. Run this file to write run.schema.json again:
 * `node reports/record/run-schema.ts && npx prettier --write reports/record/run.schema.json`.
 */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { RUN_SCHEMA, runRecordSchema } from './run-record.ts';

export const SCHEMA_FILE = new URL('./run.schema.json', import.meta.url);

/** The schema (draft 2020-12) as the text of run.schema.json. */
export function runSchemaText(): string {
  const schema = z.toJSONSchema(runRecordSchema, { target: 'draft-2020-12', io: 'input' });
  const titled = { ...schema, title: 'Plumbline run record', description: `run.json, schema ${RUN_SCHEMA}` };
  return `${JSON.stringify(titled, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, runSchemaText());
