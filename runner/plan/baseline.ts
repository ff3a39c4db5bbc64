import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CommandError, EXIT } from '../../host/errors.ts';
import { OtherVersionError, parseRun } from '../../reports/record/parse-run.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { LATEST } from '../record/run-folder.ts';

/** The run to compare with; `missing`: why there is none, though nothing is wrong with the command. */
export type Baseline = { run: RunRecord } | { missing: string };

/**
 * The run to compare with, read before anything is done. The first run of all has no `latest`, and the first of a new version none that it can
 * read: a nightly run must not end for that.
 * @throws CommandError (64) when it is no run
 */
export function readBaseline(run: string, parent: string): Baseline {
  const tried: string[] = [];
  for (const folder of [resolve(run), resolve(parent, run)]) {
    try {
      return { run: parseRun(readFileSync(join(folder, 'run.json'), 'utf8')) };
    } catch (error) {
      if (error instanceof OtherVersionError)
        return { missing: `not compared with ${folder}: ${error.message}` };
      tried.push(`${folder}: ${errorText(error).split('\n', 1)[0] ?? ''}`);
    }
  }
  if (basename(run) === LATEST && !existsSync(resolve(run)))
    return { missing: `not compared: there is no ${run} yet` };
  throw new CommandError(`no baseline "${run}": ${tried.join('; ')}`, EXIT.usage);
}
