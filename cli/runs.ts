import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError, EXIT } from '../host/errors.ts';
import { errorText } from '../reports/record/error-text.ts';
import { OtherVersionError, parseRun } from '../reports/record/parse-run.ts';
import type { RunRecord } from '../reports/record/run-record.ts';
import { runFolder } from '../runner/record/run-folder.ts';

/**
 * Reads the record of a run.
 * @param run path of its folder, or its name in `runs` below the working folder, such as `latest`
 * @throws CommandError (64) when it is not there or not a run record
 */
export async function readRun(run: string): Promise<RunRecord> {
  const file = path.join(folderOf(run), 'run.json');
  try {
    return parseRun(await readFile(file, 'utf8'));
  } catch (cause) {
    // That error says itself what reads it.
    const hint = cause instanceof OtherVersionError ? '' : `; move it away, and ${fromHistories(run)}`;
    throw new CommandError(`${file}: ${errorText(cause)}${hint}`, EXIT.usage, { cause });
  }
}

function folderOf(run: string): string {
  try {
    return runFolder(run, 'run.json');
  } catch (cause) {
    throw new CommandError(`${errorText(cause)}; ${fromHistories(run)}`, EXIT.usage, { cause });
  }
}

const fromHistories = (run: string): string => `\`plumbline judge ${run}\` works from the histories alone`;
