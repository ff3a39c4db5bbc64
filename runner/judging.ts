import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { judgeOf } from '../reports/judge/index.ts';
import type { History, Observation } from '../reports/record/history.ts';
import type { Judgement } from '../reports/record/judgement.ts';
import { bareJudgement } from './outcome.ts';
import { readHistory, trialFolders } from '../reports/record/read-history.ts';
import { checkFolderName } from './run-folder.ts';

/** Histories of a check's trials, in order of their numbers; empty when it never began. */
async function readTrials(histories: string, check: string): Promise<History[]> {
  const folder = join(histories, checkFolderName(check));
  if (!existsSync(folder)) return [];
  return Promise.all((await trialFolders(folder)).map((trial) => readHistory(trial)));
}

/**
 * The verdict of a check from its histories alone. Never throws: a history that cannot be read and a judge that crashes
 * are `inconclusive` and say so.
 */
export async function judgeCheck(histories: string, check: string): Promise<Judgement> {
  const judge = judgeOf(check);
  if (!judge) return bareJudgement('inconclusive', `no judge is registered for ${check}`);
  let trials: History[];
  try {
    trials = await readTrials(histories, check);
  } catch (error) {
    return bareJudgement('inconclusive', `the history cannot be read: ${messageOf(error)}`);
  }
  if (trials.length === 0) return bareJudgement('inconclusive', 'the check recorded nothing');
  const judgement = safely(() => judge(trials));
  const observations = trials.flatMap((trial) => trial.observations);
  return withRunnerVerdict(withEvidence(judgement, observations), observations);
}

/** Logs and events that were recorded beside the observations, for people; no verdict rests on them. */
function withEvidence(judgement: Judgement, observations: readonly Observation[]): Judgement {
  const kept = observations.filter((seen) => seen.kind === 'evidence');
  const evidence = kept.map((seen) => ({ source: String(seen['source']), text: String(seen['text']) }));
  return { ...judgement, evidence: [...judgement.evidence, ...evidence] };
}

/**
 * What happened to the check itself (it crashed, it was cut off, it could not be run) is in its history like everything
 * else, so that judging again comes to the same verdict. It is never better than `inconclusive`.
 */
function withRunnerVerdict(judgement: Judgement, observations: readonly Observation[]): Judgement {
  const own = observations.find((seen) => seen.kind === 'runner-verdict');
  if (!own) return judgement;
  const text = typeof own['message'] === 'string' ? own['message'] : '';
  const verdict = own['verdict'] === 'fail' ? 'fail' : 'inconclusive';
  const evidence = [...judgement.evidence, { source: 'the runner', text }];
  return { ...judgement, verdict, reason: text.split('\n', 1)[0] ?? text, evidence };
}

function safely(judge: () => Judgement): Judgement {
  try {
    return judge();
  } catch (error) {
    const judgement = bareJudgement('inconclusive', `the judge crashed: ${messageOf(error)}`);
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...judgement, evidence: [{ source: 'stack of the judge', text: stack }] };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
