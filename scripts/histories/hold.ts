/** Tests one check's judge with mutants of its stored history. Also the entry of a worker that does so on request. */
import { parentPort } from 'node:worker_threads';
import { judgeOver } from '../../reports/judge/definition.ts';
import { nothing, takeApart } from '../../reports/mutation/take-apart.ts';
import type { Result } from '../../reports/mutation/take-apart.ts';
import { rowOf } from '../../suites/catalogue/index.ts';
import { judgeOf } from '../../suites/catalogue/loaded.ts';
import { lackedBy } from './form.ts';
import { readStored, storedPath, trialsOf } from './stored.ts';
import { errorText } from '../../reports/record/error-text.ts';

export interface Asked {
  check: string;
  folder: string;
  seed: number;
  choices: boolean;
  /** Time limit, ms; null: none. */
  forMs: number | null;
}

/** `lacks`: what every record has now and the stored one does not, so that no mutant is of it. */
export type Answer = Result & { lacks: string[]; tookMs: number };

export async function hold({ check, folder, seed, choices, forMs }: Asked): Promise<Answer> {
  const beganMs = performance.now();
  const file = storedPath(check, folder);
  const refused = (why: string): Omit<Answer, 'tookMs'> => ({ ...nothing(check), refused: why, lacks: [] });
  const held = async (): Promise<Omit<Answer, 'tookMs'>> => {
    const of = await judgeOf(check);
    if (file === null) return refused('there is no stored history');
    if (of === undefined) return refused('there is no judge');
    const trials = trialsOf(readStored(file));
    const goals = rowOf(check)?.goals ?? {};
    const lacks = [...new Set(trials.flatMap(({ history }) => lackedBy(history, goals)))];
    const endMs = forMs === null ? Infinity : performance.now() + forMs;
    const result = takeApart(
      { check, trials, judge: judgeOver(of), annotations: of.annotations },
      { seed: seed ^ hashOf(check), isOver: () => performance.now() > endMs, choices },
    );
    return { ...result, lacks };
  };
  const result = await held().catch((error: unknown) => refused(errorText(error)));
  return { ...result, tookMs: performance.now() - beganMs };
}

/** FNV-1a: the seed depends on the check, so that its sample is the same in every worker and order. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}

parentPort?.on('message', (asked: Asked) => {
  void hold(asked).then((answer) => parentPort?.postMessage(answer));
});
