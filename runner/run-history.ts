import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlannedCheck } from '../env/catalogue/index.ts';
import { openHistory } from '../probes/history.ts';
import type { RunRecord } from '../reports/record/run-record.ts';

/** What a run set out to do, beside the histories of its checks, so that they alone give its verdict again. */
export interface RunPlan {
  schema: 1;
  id: string;
  environment: string;
  checks: { id: string; required: boolean; notRun: string | null }[];
}

export interface RunEnd {
  interrupted: string | null;
  restored: RunRecord['restored'];
}

const FILE = 'run.ndjson';

export async function writePlan(
  histories: string,
  run: { id: string; environment: string; planned: readonly PlannedCheck[] },
): Promise<void> {
  const checks = run.planned.map(({ row, required, notRun }) => ({ id: row.id, required, notRun }));
  await append(histories, { kind: 'plan', schema: 1, id: run.id, environment: run.environment, checks });
}

export async function writeEnd(
  histories: string,
  end: RunEnd,
  redact?: (text: string) => string,
): Promise<void> {
  await append(histories, { kind: 'end', ...end }, redact);
}

async function append(
  histories: string,
  observation: { kind: string; [field: string]: unknown },
  redact?: (text: string) => string,
): Promise<void> {
  const writer = openHistory(histories, FILE, { redact });
  writer.observe(observation);
  await writer.close();
}

/** Plan and end of a run; `end` is null when the run was killed. @throws Error when the folder holds no plan. */
export function readRun(histories: string): { plan: RunPlan; end: RunEnd | null } {
  const file = join(histories, FILE);
  if (!existsSync(file)) throw new Error(`${file} is missing: this is no folder of a run`);
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const seen = lines.map((line) => JSON.parse(line) as { kind: string });
  const plan = seen.find(({ kind }) => kind === 'plan');
  if (!plan) throw new Error(`${file} has no plan`);
  const end = seen.find(({ kind }) => kind === 'end') ?? null;
  return { plan: plan as unknown as RunPlan, end: end as unknown as RunEnd | null };
}
