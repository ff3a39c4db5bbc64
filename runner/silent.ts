import { existsSync, readFileSync } from 'node:fs';
import type { PlannedCheck } from '../env/catalogue/index.ts';
import type { Engine } from './engine.ts';
import { judgeCheck } from './judging.ts';
import { headerSource } from './methods/check.ts';
import type { PlaywrightEnd } from './playwright.ts';
import { checkFolderName, trialFolder } from './run-folder.ts';
import { appendToTrial, openTrial } from './trials.ts';

const LOG_TAIL_CHARACTERS = 2000;

/** Checks of a batch that never came to `check.end` are inconclusive, and say why. */
export async function reportSilent(
  engine: Engine,
  batch: readonly PlannedCheck[],
  how: { end: PlaywrightEnd; stopped: string | null },
): Promise<void> {
  for (const { row } of batch) {
    if (engine.outcomes.has(row.id)) continue;
    await engine.abandon(row.id);
    await conclude(engine, row.id, { verdict: 'inconclusive', message: silence(engine, how) });
  }
}

function silence(engine: Engine, how: { end: PlaywrightEnd; stopped: string | null }): string {
  if (how.stopped !== null) return `not finished: ${how.stopped}`;
  const { code, signal, log } = how.end;
  const ended = signal === null ? `exit code ${String(code)}` : signal;
  const complaint = engine.complaints.at(-1);
  const why = complaint === undefined ? '' : `; it said: ${complaint}`;
  const tail = existsSync(log) ? readFileSync(log, 'utf8').slice(-LOG_TAIL_CHARACTERS) : '';
  return `its test never reported: Playwright or its worker died (${ended})${why}\n${tail}`;
}

/** Gives a check a verdict that comes from the runner alone; it is in the history too. */
export async function conclude(
  engine: Engine,
  check: string,
  own: { verdict: 'inconclusive' | 'fail'; message: string },
): Promise<void> {
  const begun = existsSync(trialFolder(engine.histories, check, 1));
  const folder = begun
    ? trialFolder(engine.histories, check, 1)
    : await openTrial(engine.histories, 1, headerSource(engine, check));
  await appendToTrial(folder, [{ kind: 'runner-verdict', ...own }]);
  const judgement = await judgeCheck(engine.histories, check);
  engine.outcomes.set(check, {
    judgement,
    steps: [],
    startedAt: null,
    durationMs: 0,
    apiCalls: engine.calls.of(check),
    history: `histories/${checkFolderName(check)}`,
  });
  engine.parts.progress.ended(check, judgement);
}
