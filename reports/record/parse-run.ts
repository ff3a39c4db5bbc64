import { RUN_SCHEMA, runRecordSchema } from './run-record.ts';
import type { RunRecord } from './run-record.ts';

/**
 * The record in the text of a run.json.
 * @throws Error with one sentence for a record of another version, which may lack what a verdict rests on; the schema's for one that is damaged
 */
export function parseRun(text: string): RunRecord {
  const record: unknown = JSON.parse(text);
  const schema = typeof record === 'object' && record !== null && 'schema' in record ? record.schema : null;
  if (typeof schema === 'number' && schema !== RUN_SCHEMA)
    throw new Error(
      `a run record of version ${schema}, and this Plumbline reads version ${RUN_SCHEMA}: read it with the Plumbline version that wrote it`,
    );
  return runRecordSchema.parse(record);
}
