import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError, EXIT } from '../../host/errors.ts';
import { parseRun } from '../../reports/record/parse-run.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** The run to compare with, read before anything is done. @throws CommandError (64) when it is no run. */
export function readBaseline(run: string, parent: string): RunRecord {
  const tried: string[] = [];
  for (const folder of [resolve(run), resolve(parent, run)]) {
    try {
      return parseRun(readFileSync(join(folder, 'run.json'), 'utf8'));
    } catch (error) {
      tried.push(`${folder}: ${errorText(error).split('\n', 1)[0] ?? ''}`);
    }
  }
  throw new CommandError(`no baseline "${run}": ${tried.join('; ')}`, EXIT.usage);
}
