import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { judgeOf } from '../reports/judge/index.ts';
import type { History, Observation } from '../reports/record/history.ts';
import type { Evidence, Judgement } from '../reports/record/judgement.ts';
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
  return withRunnerVerdict(withEvidence(judgement, trials), observations);
}

/** What a record holds of logs and events; the histories have all of it. */
const MAX_EVIDENCE = 40;
const MAX_EVIDENCE_CHARS = 200_000;

/**
 * Logs and events that were recorded beside the observations, for people; no verdict rests on them. Those of trials that
 * failed come first, then those that decided nothing.
 */
function withEvidence(judgement: Judgement, trials: readonly History[]): Judgement {
  const rank = { fail: 0, inconclusive: 1, pass: 2, 'not-run': 3 } as const;
  const rankOf = ({ header }: History): number =>
    rank[judgement.trials?.find(({ trial }) => trial === header.trial)?.verdict ?? 'pass'];
  const all = trials
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .flatMap((trial) => piecesOf(trial, trials.length > 1));
  let chars = 0;
  const kept = all.slice(0, MAX_EVIDENCE).filter(({ text }) => (chars += text.length) <= MAX_EVIDENCE_CHARS);
  const left = all.length - kept.length;
  const note = { source: 'evidence', text: `${left} more pieces of evidence are in the histories` };
  return { ...judgement, evidence: [...judgement.evidence, ...kept, ...(left > 0 ? [note] : [])] };
}

function piecesOf({ header, observations }: History, many: boolean): Evidence[] {
  return observations
    .filter((seen) => seen.kind === 'evidence')
    .map((seen) => ({
      source: `${many ? `trial ${header.trial}: ` : ''}${String(seen['source'])}`,
      text: String(seen['text']),
      ...(typeof seen['at'] === 'string' && seen['at'] !== '' && { at: seen['at'] }),
    }));
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
