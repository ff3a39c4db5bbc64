import type { z } from 'zod';
import { errorText } from './error-text.ts';
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

/** A record that was cut, or is none of its version. The message is one line. */
export class DamagedRecordError extends Error {
  constructor(why: string, cause: unknown) {
    super(`the run record is damaged: ${why}`, { cause });
    this.name = 'DamagedRecordError';
  }
}

/**
 * The record in the text of a run.json.
 * @throws OtherVersionError, since that record may lack what a verdict rests on; DamagedRecordError
 */
export function parseRun(text: string): RunRecord {
  const record = jsonOf(text);
  const schema = typeof record === 'object' && record !== null && 'schema' in record ? record.schema : null;
  if (typeof schema === 'number' && schema !== RUN_SCHEMA) throw new OtherVersionError(schema);
  const parsed = runRecordSchema.safeParse(record);
  if (parsed.success) return parsed.data;
  throw new DamagedRecordError(firstOf(parsed.error.issues), parsed.error);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DamagedRecordError(errorText(cause).replaceAll(/\s+/g, ' '), cause);
  }
}

/** `checks.0.verdict: Invalid option: expected one of …; and 2 more`. */
function firstOf(issues: readonly z.core.$ZodIssue[]): string {
  const [first] = issues;
  const at = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  const more = issues.length > 1 ? `; and ${issues.length - 1} more` : '';
  return `${at}${first?.message ?? ''}${more}`;
}
