import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError, EXIT } from '../host/errors.ts';
import { parseRun } from '../reports/record/parse-run.ts';
import type { RunRecord } from '../reports/record/run-record.ts';
import { errorText } from '../reports/record/error-text.ts';

/** Folder of a run: a path, or a name below `runs/` such as `latest`. */
function runFolder(run: string, checkoutDir: string): string {
  const given = path.resolve(run);
  const named = path.join(checkoutDir, 'runs', run);
  return path.isAbsolute(run) || existsSync(path.join(given, 'run.json')) ? given : named;
}

/**
 * Reads the record of a run.
 * @throws CommandError (64) when it is not there or not a run record
 */
export async function readRun(run: string, checkoutDir: string): Promise<RunRecord> {
  const file = path.join(runFolder(run, checkoutDir), 'run.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CommandError(
      `no record of the run "${run}": ${file} cannot be read (${code}); \`plumbline judge ${run}\` works from the histories alone`,
      EXIT.usage,
      { cause: error },
    );
  }
  return parse(text, file);
}

function parse(text: string, file: string): RunRecord {
  try {
    return parseRun(text);
  } catch (error) {
    const detail = errorText(error);
    throw new CommandError(`${file}: ${detail}`, EXIT.usage, {
      cause: error,
    });
  }
}
