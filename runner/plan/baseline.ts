import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CommandError, EXIT } from '../../host/errors.ts';
import { OtherVersionError, parseRun } from '../../reports/record/parse-run.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { LATEST, runFolder, RUNS } from '../record/run-folder.ts';

/** The run to compare with; `missing`: why there is none, though nothing is wrong with the command. */
export type Baseline = { run: RunRecord } | { missing: string };

/**
 * The run to compare with, read before anything is done. The first run of all has no `latest`, and the first of a new version none that it can
 * read: a nightly run must not end for that.
 * @param parent the folder of runs
 * @throws CommandError (64) when it is no run
 */
export function readBaseline(run: string, parent = RUNS): Baseline {
  if (basename(run) === LATEST && !existsSync(resolve(run)) && !existsSync(resolve(parent, run)))
    return { missing: `not compared: there is no ${run} yet` };
  const folder = runFolder(run, 'run.json', parent);
  try {
    return { run: parseRun(readFileSync(join(folder, 'run.json'), 'utf8')) };
  } catch (error) {
    if (error instanceof OtherVersionError)
      return { missing: `not compared with ${folder}: ${error.message}` };
    const why = errorText(error).split('\n', 1)[0] ?? '';
    throw new CommandError(`no baseline "${run}": ${folder}: ${why}`, EXIT.usage, { cause: error });
  }
}
