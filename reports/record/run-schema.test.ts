import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { SCHEMA_FILE, runSchemaText } from './run-schema.ts';

it('should have a published schema that is the one of the code', () => {
  // Compared as data: the file is formatted with everything else.
  assert.deepEqual(
    JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')),
    JSON.parse(runSchemaText()),
    'reports/record/run.schema.json is out of date: run npm run reference',
  );
});
