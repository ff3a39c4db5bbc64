import { RUN_SCHEMA, runRecordSchema } from './run-record.ts';
import type { RunRecord } from './run-record.ts';

/** A record that another version of Plumbline has written. */
export class OtherVersionError extends Error {
  constructor(schema: number) {
    super(
      `a run record of version ${schema}, and this Plumbline reads version ${RUN_SCHEMA}: read it with the Plumbline version that wrote it`,
    );
    this.name = 'OtherVersionError';
  }
}

/**
 * The record in the text of a run.json.
 * @throws OtherVersionError, since that record may lack what a verdict rests on; the schema's error for one that is damaged
 */
export function parseRun(text: string): RunRecord {
  const record: unknown = JSON.parse(text);
  const schema = typeof record === 'object' && record !== null && 'schema' in record ? record.schema : null;
  if (typeof schema === 'number' && schema !== RUN_SCHEMA) throw new OtherVersionError(schema);
  return runRecordSchema.parse(record);
}
