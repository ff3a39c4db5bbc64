import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { environmentFile } from './schema.ts';

/** Where the JSON Schema of environment files is published; each file names it for editors. */
export const SCHEMA_FILE = path.join(import.meta.dirname, 'environment.schema.json');

/** The JSON Schema (2020-12) of an environment file, as text. */
export function environmentJsonSchema(): string {
  const { required, ...schema } = z.toJSONSchema(environmentFile, { io: 'input', reused: 'ref' });
  const complete = { anyOf: [{ required }, { required: ['extends'] }] };
  return `${JSON.stringify({ title: 'Plumbline environment', ...schema, ...complete }, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, environmentJsonSchema());
