import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../env/schema.ts';
import { EXIT } from '../../host/errors.ts';
import { parseJson } from '../../host/json.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { parseRun } from '../../reports/record/parse-run.ts';
import { runRecordSchema } from '../../reports/record/run-record.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import type { Scope } from '../../reports/record/verdict.ts';
import { plural } from '../../reports/render/text.ts';
import { earlierRuns } from '../record/earlier-runs.ts';
import { LATEST, runFolder, RUNS } from '../record/run-folder.ts';
import { sizeOf } from './environment-parts.ts';

/** The run to compare with; `missing`: why there is none, though nothing is wrong with the command. */
export type Baseline = { run: RunRecord } | { missing: string };

/** Of the run that is compared. */
export interface Comparable {
  environment: Environment;
  profile: string | null;
  scope: Scope;
  /** Ids of its checks. */
  checks: readonly string[];
}

/**
 * The run to compare with, read before anything is done. The first run of all has none, and one that was cut or that another version wrote cannot
 * be read: a nightly run must not end for that.
 * @param run as people name it; `latest` is the newest run there that is like this one and came to its end
 * @param parent the folder of runs
 * @throws CommandError (64) when it is no run
 */
export function readBaseline(run: string, now: Comparable, parent = RUNS): Baseline {
  return basename(run) === LATEST
    ? newestLike(now, foldersOf(run, parent))
    : recordIn(runFolder(run, 'run.json', parent));
}

/** Folders of runs whose `latest` may be meant. */
function foldersOf(run: string, parent: string): string[] {
  return [...new Set([resolve(parent, run), resolve(run)].map((path) => dirname(path)))];
}

function newestLike(now: Comparable, folders: readonly string[]): Baseline {
  const unread: string[] = [];
  for (const folder of folders) {
    // Where `latest` alone was kept from an earlier job, it is a folder.
    const names = earlierRuns(folder, now.environment.name, (error) =>
      unread.push(`not compared with the runs in ${folder}: ${errorText(error)}`),
    );
    for (const name of [...names, LATEST]) {
      const path = join(folder, name);
      if (!existsSync(join(path, 'run.json')) || isOtherThan(now, path)) continue;
      const found = recordIn(path);
      if ('run' in found) return found;
      unread.push(found.missing);
    }
  }
  const [newest] = unread;
  return { missing: newest ?? noneLike(now, folders) };
}

function noneLike({ environment, profile, scope, checks }: Comparable, folders: readonly string[]): string {
  const of = profile === null ? environment.name : `${environment.name}, profile ${profile}`;
  const same = scope === 'selection' ? ` and the same ${plural(checks.length, 'check')}` : '';
  return `not compared: there is no earlier run of ${of}, scope ${scope}${same}, that came to its end in ${folders.join(' or ')}`;
}

function recordIn(folder: string): Baseline {
  try {
    return { run: parseRun(readFileSync(join(folder, 'run.json'), 'utf8')) };
  } catch (error) {
    return { missing: `not compared with ${folder}: ${errorText(error)}` };
  }
}

const conditionsSchema = runRecordSchema
  .pick({
    environment: true,
    profile: true,
    scope: true,
    readOnly: true,
    blocked: true,
    interrupted: true,
    exitCode: true,
  })
  .extend({ checks: z.array(z.object({ id: z.string() })) });

/** Whether its record says that it ran under other conditions, or did not come to its end; a record that does not say it is not another. */
function isOtherThan(now: Comparable, folder: string): boolean {
  const { data: then } = conditionsSchema.safeParse(parseJson(textIn(folder)));
  if (then === undefined) return false;
  const ended = then.blocked === undefined && then.interrupted === null && then.exitCode !== EXIT.harness;
  return !ended || !isAlike(now, then);
}

function isAlike(now: Comparable, then: z.infer<typeof conditionsSchema>): boolean {
  return (
    then.environment.name === now.environment.name &&
    then.environment.size === (sizeOf(now.environment) ?? null) &&
    then.profile === now.profile &&
    then.scope === now.scope &&
    then.readOnly === now.environment.readOnly &&
    // Checks of a profile may come and go, which the comparison shows; those of a selection say what it is about.
    (now.scope !== 'selection' || isSame(now.checks, then.checks))
  );
}

function isSame(ids: readonly string[], checks: readonly { id: string }[]): boolean {
  const others = new Set(checks.map(({ id }) => id));
  return others.size === ids.length && ids.every((id) => others.has(id));
}

/** Empty where it cannot be read: why is said when the record is. */
function textIn(folder: string): string {
  try {
    return readFileSync(join(folder, 'run.json'), 'utf8');
  } catch {
    return '';
  }
}
