import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import type { Environment } from '../../env/schema.ts';
import { sizeOf } from '../plan/environment-parts.ts';
import type { LastTime } from '../run/progress.ts';
import { earlierRuns } from './earlier-runs.ts';
import type { RunFolder } from './run-folder.ts';

/** Earlier runs to read: each takes some milliseconds, and older ones say less. */
const MOST_RUNS = 5;

/** The fields needed of a run's record, of any version. */
const recordSchema = z.object({
  environment: z.object({ name: z.string(), size: z.string().nullable() }),
  checks: z.array(
    z.object({
      id: z.string(),
      verdict: z.string(),
      startedAt: z.string().nullable(),
      durationMs: z.number(),
      trials: z.array(z.unknown()),
      steps: z.array(z.object({ title: z.string(), durationMs: z.number(), error: z.string().optional() })),
    }),
  ),
});
type Past = z.infer<typeof recordSchema>['checks'][number];

/** How long the planned checks took when they last ran in this environment, by the records that lie beside this run's. */
export function lastTimes(
  { parent, id }: Pick<RunFolder, 'parent' | 'id'>,
  environment: Environment,
  planned: readonly PlannedCheck[],
): Map<string, LastTime> {
  const found = new Map<string, LastTime>();
  const names = earlierRuns(parent, environment.name).filter((name) => name !== id);
  for (const name of names.slice(0, MOST_RUNS)) {
    const record = readRecord(join(parent, name, 'run.json'));
    if (record === null || record.environment.size !== (sizeOf(environment) ?? null)) continue;
    for (const { row, trials } of planned) {
      const past = record.checks.find((check) => check.id === row.id && ranToTheEnd(check));
      if (past !== undefined && !found.has(row.id)) found.set(row.id, timeOf(past, trials));
    }
  }
  return found;
}

function readRecord(file: string): z.infer<typeof recordSchema> | null {
  if (!existsSync(file)) return null;
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // An estimate is not worth a complaint.
    return null;
  }
}

/** A check that was cut off or could not be queried does not show how long it takes. */
function ranToTheEnd({ startedAt, verdict, steps }: Past): boolean {
  const concluded = verdict === 'pass' || verdict === 'fail';
  return startedAt !== null && concluded && steps.every(({ error }) => error === undefined);
}

/** A step of the same name in several trials counts once, as in one of them. */
function timeOf({ durationMs, trials, steps }: Past, wanted: number): LastTime {
  const stepsMs = new Map(steps.map((step) => [step.title, step.durationMs]));
  return { checkMs: (durationMs / Math.max(1, trials.length)) * wanted, stepsMs };
}
