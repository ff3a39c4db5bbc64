import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { parseJson } from '../../host/json.ts';
import { monoMs } from '../../host/clock.ts';
import { openLines } from '../../probes/history.ts';
import { HISTORY_SCHEMA } from '../../reports/record/history/history.ts';
import { NOT_RUN_BY } from '../../reports/record/not-run-by.ts';
import { runRecordSchema } from '../../reports/record/run-record.ts';
import { SCOPES } from '../../reports/record/verdict.ts';
import type { Scope } from '../../reports/record/verdict.ts';

/** What a run set out to do, kept with its histories so that they alone give its verdict again. */
const planSchema = z.object({
  /** Version of the histories beside it. */
  schema: z.literal(HISTORY_SCHEMA),
  id: z.string(),
  environment: z.string(),
  /** Of its cluster, as the environment declares it. */
  apiAddress: z.string().optional(),
  scope: z.enum(SCOPES),
  /** It could make and change nothing (`--read-only`); left out: it could. */
  readOnly: z.literal(true).optional(),
  checks: z.array(
    z.object({
      id: z.string(),
      required: z.boolean(),
      notRun: z.string().nullable(),
      /** What keeps it from being run; left out: nothing, or the run is older than this field. */
      notRunBy: z.enum(NOT_RUN_BY).optional(),
    }),
  ),
});
export type RunPlan = z.infer<typeof planSchema>;

const endSchema = z.object({
  interrupted: z.string().nullable(),
  /** Why the environment could not be queried; null or left out: it could. */
  blocked: z.string().nullable().optional(),
  /** What went wrong in the harness itself; null or left out: nothing. */
  harnessFailure: z.string().nullable().optional(),
  restored: runRecordSchema.shape.restored,
});
export type RunEnd = z.infer<typeof endSchema>;

/** The lines of a run, by kind. */
type RunLine = ({ kind: 'plan' } & RunPlan) | ({ kind: 'end' } & RunEnd);

const FILE = 'run.ndjson';

export async function writePlan(
  histories: string,
  run: {
    id: string;
    environment: string;
    apiAddress?: string | undefined;
    scope: Scope;
    readOnly?: boolean | undefined;
    planned: readonly PlannedCheck[];
  },
): Promise<void> {
  const checks = run.planned.map(({ row, required, notRun }) => ({
    id: row.id,
    required,
    notRun: notRun?.text ?? null,
    ...(notRun !== null && { notRunBy: notRun.by }),
  }));
  const { id, environment, apiAddress, scope } = run;
  const readOnly = run.readOnly === true ? { readOnly: true as const } : {};
  await append(histories, {
    kind: 'plan',
    schema: HISTORY_SCHEMA,
    id,
    environment,
    ...(apiAddress !== undefined && { apiAddress }),
    scope,
    ...readOnly,
    checks,
  });
}

export async function writeEnd(
  histories: string,
  end: RunEnd,
  redact?: (text: string) => string,
): Promise<void> {
  await append(histories, { kind: 'end', ...end }, redact);
}

async function append(histories: string, line: RunLine, redact?: (text: string) => string): Promise<void> {
  const writer = openLines(histories, FILE, { redact });
  writer.append({ ...line, t: monoMs() });
  await writer.close();
}

/**
 * Plan and end of a run; `end` is null when it was killed.
 * @throws CommandError when the folder holds no plan, when a line does not fit, or when another version recorded the run (exit 2)
 */
export function readRun(histories: string): { plan: RunPlan; end: RunEnd | null } {
  const seen = linesOf(histories);
  // The last plan counts: it is written again when the cluster's owners permit less than the file.
  const plan = seen.findLast(({ kind }) => kind === 'plan');
  if (!plan) throw new CommandError(`${join(histories, FILE)} has no plan`, EXIT.usage);
  refuseOlder(plan);
  const end = seen.findLast(({ kind }) => kind === 'end');
  return {
    plan: parsed(planSchema, plan, histories),
    end: end === undefined ? null : parsed(endSchema, end, histories),
  };
}

/** What the run with these histories set out to do; null: they are of no run. */
export function planOf(histories: string): RunPlan | null {
  return existsSync(join(histories, FILE)) ? readRun(histories).plan : null;
}

/** Histories of another format mean other things by the same words: judging them would be a guess. */
function refuseOlder({ id, schema }: Line): void {
  if (schema === HISTORY_SCHEMA) return;
  throw new CommandError(
    `run ${String(id)} was recorded in format ${String(schema)} of histories, and this version judges format ${HISTORY_SCHEMA}: judge it with the version that recorded it`,
    EXIT.inconclusive,
  );
}

const lineSchema = z.looseObject({ kind: z.string() });
type Line = z.infer<typeof lineSchema>;

function parsed<T>(schema: z.ZodType<T>, line: Line, histories: string): T {
  const found = schema.safeParse(line);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw damaged(
    histories,
    `its line of kind "${line.kind}" has an unexpected shape: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
  );
}

function damaged(histories: string, what: string): CommandError {
  return new CommandError(`${join(histories, FILE)}: ${what}; the run cannot be judged`, EXIT.inconclusive);
}

/** Without a newline the last line is incomplete: its process died while writing. */
function linesOf(histories: string): Line[] {
  const file = join(histories, FILE);
  if (!existsSync(file))
    throw new CommandError(`${file} is missing: this is not the folder of a run`, EXIT.usage);
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    const found = lineSchema.safeParse(parseJson(line));
    if (!found.success) throw damaged(histories, `line ${index + 1} is damaged`);
    return [found.data];
  });
}
