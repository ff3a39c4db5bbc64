import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formerRow, rowOf, type PlannedCheck } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { composeRun, isNotBuilt } from '../../reports/record/compose.ts';
import type { CheckResult } from '../../reports/record/run-record.ts';
import { guarded, type CommandResult } from './guard.ts';
import { judgeCheck } from '../record/judging.ts';
import { bareOutcome } from '../record/outcome.ts';
import { resultOf } from '../record/record.ts';
import { readRun, type RunPlan } from '../record/run-history.ts';

export interface JudgeOptions {
  /** Folder of a run, or its id below `out`. */
  run: string;
  out?: string | undefined;
}

/** `plumbline judge RUN`: the verdict from the histories alone; run.json and the environment file are not looked at. Never throws. */
export function judgeRun(options: JudgeOptions): Promise<CommandResult> {
  return guarded(async () => {
    const histories = historiesOf(options);
    const { plan, end } = readRun(histories);
    const checks: CheckResult[] = [];
    for (const planned of plan.checks) checks.push(await judged(histories, planned));
    const interrupted = end === null ? 'SIGKILL' : end.interrupted;
    const composed = composeRun(checks, {
      environment: plan.environment,
      scope: plan.scope,
      blocked: end?.blocked,
      interrupted,
      harnessFailure: end?.harnessFailure,
      restored: end?.restored,
    });
    for (const check of checks) {
      if (!isNotBuilt(check))
        process.stdout.write(`${check.verdict.padEnd(12)} ${check.id}  ${check.reason}\n`);
    }
    process.stdout.write(`${composed.sentence}\n`);
    return { exitCode: composed.exitCode };
  });
}

function historiesOf({ run, out }: JudgeOptions): string {
  const candidates = [resolve(run), resolve(out ?? 'runs', run)];
  const found = candidates.map((folder) => join(folder, 'histories')).find((folder) => existsSync(folder));
  if (found !== undefined) return found;
  throw new CommandError(`no run "${run}": neither ${candidates.join(' nor ')} holds histories`, EXIT.usage);
}

async function judged(histories: string, planned: RunPlan['checks'][number]): Promise<CheckResult> {
  const { id, required, notRun } = planned;
  const outcome =
    notRun === null
      ? { ...bareOutcome('inconclusive', ''), judgement: await judgeCheck(histories, id) }
      : undefined;
  const row = rowOf(id) ?? formerRow(id);
  const check: PlannedCheck = {
    row,
    goals: {},
    goalSource: 'none',
    goalText: row.goal,
    required,
    trials: 1,
    notRun,
  };
  return resultOf(check, outcome, { name: '' });
}
