import type { NewObservation } from '../../reports/record/history/history.ts';
import { all, first } from '../../reports/judge/observed.ts';
import { existsSync, readFileSync, realpathSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CommandError, EXIT } from '../../host/errors.ts';
import { readHistory, trialFolders } from '../../reports/record/history/read-history.ts';
import { differencesOf, type Fingerprint } from '../plan/fingerprint.ts';
import {
  checkFolderName,
  openRunFolder,
  runFolder,
  trialFolder,
  type RunFolder,
} from '../record/run-folder.ts';
import { differencesIn, readDigests, renewDigests } from '../record/digests.ts';
import { markResumed, readSeries, type SeriesPlan } from '../record/run-history.ts';
import { appendToTrial, openTrial, type HeaderSource } from './trials.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** A series of trials that is resumed. */
export interface Series {
  folder: RunFolder;
  plan: SeriesPlan;
  /** Numbers of trials that were recorded to their end, and of those that were cut off. */
  ended: number[];
  cut: number[];
}

/**
 * The series of a run, as it was left.
 * @throws CommandError (64) when there is no such run, it is no drill, or its histories were changed since; RunFolderError when its folder cannot be used
 */
export async function readSeriesOf(run: string, parent?: string): Promise<Series> {
  // `latest` is a link: the run has the name of its folder.
  const path = realpathSync(runFolder(run, 'histories', parent));
  const plan = planIn(join(path, 'histories'));
  await refuseChanged(path, plan.check);
  const folder = openRunFolder(path);
  return { folder, plan, ...(await trialsOf(folder.histories, plan.check)) };
}

/** Trials that were changed since would get new digests, as if the run had left them so. */
async function refuseChanged(path: string, check: string): Promise<void> {
  const changed = await differencesIn(join(path, 'histories'), check, readDigests(path) ?? []);
  const [first] = [...changed.values()].flat();
  if (first !== undefined)
    throw new CommandError(
      `it cannot be resumed: its history was changed since its run: ${first}`,
      EXIT.usage,
    );
}

function planIn(histories: string): SeriesPlan {
  try {
    const plan = readSeries(histories);
    if (plan !== null) return plan;
  } catch (cause) {
    const why = errorText(cause);
    throw new CommandError(`it cannot be resumed: ${why}`, EXIT.usage, { cause });
  }
  throw new CommandError(
    `${histories} holds no drill that could be resumed: only a drill that reached its cluster can be`,
    EXIT.usage,
  );
}

async function trialsOf(histories: string, check: string): Promise<Pick<Series, 'ended' | 'cut'>> {
  const folder = join(histories, checkFolderName(check));
  const ended: number[] = [];
  const cut: number[] = [];
  for (const trial of existsSync(folder) ? await trialFolders(folder) : []) {
    const number = Number(/\d+$/.exec(trial)?.[0]);
    (kindsOf(trial).includes('end') ? ended : cut).push(number);
  }
  return { ended, cut };
}

const lineSchema = z.object({ kind: z.string() });

/** Kinds of the observations that a check recorded; a cut line has none. */
function kindsOf(trial: string): string[] {
  const file = join(trial, 'check.ndjson');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      try {
        return lineSchema.safeParse(JSON.parse(line)).data?.kind ?? [];
      } catch {
        return [];
      }
    });
}

/** The number of the next trial. */
export function nextTrial({ ended, cut }: Pick<Series, 'ended' | 'cut'>): number {
  return Math.max(0, ...ended, ...cut) + 1;
}

/**
 * How many trials to append: as many as asked for, else those that are missing of what the series set out to do.
 * @throws CommandError (64) when nothing is missing
 */
export function trialsToAppend({ plan, ended, folder }: Series, repeat: number | undefined): number {
  const missing = repeat ?? plan.trials - ended.length;
  if (missing > 0) return missing;
  throw new CommandError(
    `${folder.id} already has all ${plan.trials} trials; \`--repeat N\` appends N more`,
    EXIT.usage,
  );
}

/** @throws CommandError (64) naming what differs: trials of another harness, environment or cluster are no series. */
export function refuseOther({ plan, folder }: Series, now: Fingerprint): void {
  const differences = differencesOf(plan.fingerprint, now);
  if (differences.length === 0) return;
  throw new CommandError(
    `${folder.id} cannot be resumed, nothing was touched:\n${differences.map((line) => `  ${line}`).join('\n')}`,
    EXIT.usage,
  );
}

/**
 * Records in the histories that the series is resumed. Trials that were cut off are marked as such; what ended an earlier session counts
 * for its own trial only; a trial without a header gets one, so that it can be listed.
 */
export async function resumeSeries(series: Series, source: HeaderSource): Promise<void> {
  const { folder, plan, ended, cut } = series;
  await markResumed(folder.histories, nextTrial(series));
  for (const trial of [...ended, ...cut]) {
    const at = trialFolder(folder.histories, plan.check, trial);
    if (!kindsOf(at).includes('header')) {
      const file = join(at, 'check.ndjson');
      if (existsSync(file)) renameSync(file, `${file}.cut`);
      await openTrial(folder.histories, trial, source);
    }
    const lines: NewObservation[] = [{ kind: 'resumed' }];
    if (cut.includes(trial)) lines.unshift({ kind: 'cut-off', reason: await cutReason(at) });
    await appendToTrial(at, lines);
  }
  await renewDigests(folder);
}

/** Why a trial was cut off: its own crash, what its fault was refused for, else the end of its run. */
async function cutReason(trial: string): Promise<string> {
  const { observations } = await readHistory(trial);
  const crash = all({ observations }, 'runner-verdict').findLast(({ crashed }) => crashed === true);
  if (crash !== undefined) return crash.message.split('\n', 1)[0] ?? '';
  return first({ observations }, 'no-fault')?.reason ?? 'the run ended in the middle of this trial';
}

/** For the record: with which trial the series continues, and which trials do not count. */
export function describeResumption(series: Series): string {
  const { ended, cut } = series;
  const left = cut.length === 0 ? '' : `; cut off, so not counted: trial ${cut.join(', ')}`;
  return `resumed with trial ${nextTrial(series)} after ${ended.length} that had ended${left}`;
}
