import { join } from 'node:path';
import { formerRow, rowOf, type PlannedCheck } from '../../suites/catalogue/index.ts';
import { composeRun, isNotBuilt } from '../../reports/record/compose.ts';
import type { CheckResult, Digest } from '../../reports/record/run-record.ts';
import { printed } from '../../reports/render/printed.ts';
import { oneLine } from '../../reports/render/text.ts';
import { guarded, type CommandResult } from './guard.ts';
import { readDigests } from '../record/digests.ts';
import { judgeCheck } from '../record/judging.ts';
import { bareOutcome } from '../record/outcome.ts';
import { resultOf } from '../record/record.ts';
import { runFolder } from '../record/run-folder.ts';
import { readRun, type RunPlan } from '../record/run-history.ts';

export interface JudgeOptions {
  /** Folder of a run, or its name in `runs`. */
  run: string;
}

/** `plumbline judge RUN`: the verdict from the histories alone; of run.json only their digests are read, and nothing of the environment file. Never throws. */
export function judgeRun({ run }: JudgeOptions): Promise<CommandResult> {
  return guarded(async () => {
    const folder = runFolder(run, 'histories');
    const histories = join(folder, 'histories');
    const digests = readDigests(folder);
    const { plan, end } = readRun(histories);
    const checks: CheckResult[] = [];
    for (const planned of plan.checks) checks.push(await judged(histories, planned, digests));
    const interrupted = end === null ? 'SIGKILL' : end.interrupted;
    const composed = composeRun(checks, {
      environment: plan.environment,
      scope: plan.scope,
      readOnly: plan.readOnly,
      blocked: end?.blocked,
      interrupted,
      harnessFailure: end?.harnessFailure,
      restored: end?.restored,
    });
    for (const check of checks) {
      if (!isNotBuilt(check))
        process.stdout.write(`${check.verdict.padEnd(12)} ${check.id}  ${printed(oneLine(check.reason))}\n`);
    }
    process.stdout.write(`${printed(oneLine(composed.sentence))}\n`);
    return { exitCode: composed.exitCode };
  });
}

async function judged(
  histories: string,
  planned: RunPlan['checks'][number],
  digests: Digest[] | undefined,
): Promise<CheckResult> {
  const { id, required, notRun, notRunBy } = planned;
  const outcome =
    notRun === null
      ? { ...bareOutcome('inconclusive', ''), judgement: await judgeCheck(histories, id, digests) }
      : bareOutcome('not-run', notRun);
  const row = rowOf(id) ?? formerRow(id);
  const check: PlannedCheck = {
    row,
    goals: {},
    goalSource: 'none',
    goalText: row.goal,
    required,
    trials: 1,
    notRun: notRun === null || notRunBy === undefined ? null : { by: notRunBy, text: notRun },
  };
  return resultOf(check, outcome, { envOption: '' });
}
