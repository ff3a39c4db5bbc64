import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlannedCheck } from '../env/catalogue/index.ts';
import { openHistory } from '../probes/history.ts';
import { HISTORY_SCHEMA } from '../reports/record/history.ts';
import type { RunRecord } from '../reports/record/run-record.ts';
import type { Scope } from '../reports/record/verdict.ts';
import type { Target } from './aim.ts';
import type { Fingerprint } from './fingerprint.ts';

/** What a drill set out to do: with its histories, so that another process can go on with it. */
export interface SeriesPlan {
  check: string;
  /** As typed: a name, or the path of a file. */
  env: string;
  /** Trials wanted in all. */
  trials: number;
  target?: Target | undefined;
  also?: 'api'[] | undefined;
  size?: 'small' | 'full' | undefined;
  startedAt: string;
  fingerprint: Fingerprint;
}

/** What a run set out to do, beside the histories of its checks, so that they alone give its verdict again. */
export interface RunPlan {
  /** Version of the histories beside it. */
  schema: number;
  id: string;
  environment: string;
  scope: Scope;
  checks: { id: string; required: boolean; notRun: string | null }[];
}

export interface RunEnd {
  interrupted: string | null;
  /** Why the environment could not be asked anything; null or left out: it could. */
  blocked?: string | null;
  restored: RunRecord['restored'];
}

const FILE = 'run.ndjson';

export async function writePlan(
  histories: string,
  run: { id: string; environment: string; scope: Scope; planned: readonly PlannedCheck[] },
): Promise<void> {
  const checks = run.planned.map(({ row, required, notRun }) => ({ id: row.id, required, notRun }));
  const { id, environment, scope } = run;
  await append(histories, { kind: 'plan', schema: HISTORY_SCHEMA, id, environment, scope, checks });
}

/** What a drill set out to do and on what, once it is known which cluster it is and before anything is touched. */
export async function writeSeries(histories: string, plan: SeriesPlan): Promise<void> {
  await append(histories, { kind: 'series', ...plan });
}

/** @throws Error when the folder holds no plan. */
export function readSeries(histories: string): SeriesPlan | null {
  const found = linesOf(histories).findLast(({ kind }) => kind === 'series');
  return (found as unknown as SeriesPlan | undefined) ?? null;
}

/** From here on the run is another session's; an end before it was not the last. */
export async function markResumed(histories: string, firstTrial: number): Promise<void> {
  await append(histories, { kind: 'resumed', firstTrial, at: new Date().toISOString() });
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

/** Plan and end of a run; `end` is null when its last session was killed. @throws Error when the folder holds no plan. */
export function readRun(histories: string): { plan: RunPlan; end: RunEnd | null } {
  const seen = linesOf(histories);
  // It is written again when the owners of the cluster permit less than the file, and when a series is resumed.
  const plan = seen.findLast(({ kind }) => kind === 'plan');
  if (!plan) throw new Error(`${join(histories, FILE)} has no plan`);
  const session = seen.slice(seen.findLastIndex(({ kind }) => kind === 'resumed') + 1);
  const end = session.findLast(({ kind }) => kind === 'end') ?? null;
  return { plan: plan as unknown as RunPlan, end: end as unknown as RunEnd | null };
}

/** A last line without a newline was being written when its process died. */
function linesOf(histories: string): { kind: string }[] {
  const file = join(histories, FILE);
  if (!existsSync(file)) throw new Error(`${file} is missing: this is no folder of a run`);
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1).filter(Boolean);
  return lines.map((line) => JSON.parse(line) as { kind: string });
}
