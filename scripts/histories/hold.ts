/**
 * Tests one check's judge with mutants of its stored history, and with the tales that are told of it. Also the entry of a worker that does so on
 * request.
 */
import { parentPort } from 'node:worker_threads';
import { errorText } from '../../reports/record/error-text.ts';
import { judgeOver } from '../../reports/judge/definition.ts';
import { refusal, takeApart } from '../../reports/mutation/take-apart.ts';
import type { Result } from '../../reports/mutation/take-apart.ts';
import { rowOf } from '../../suites/catalogue/index.ts';
import { judgeOf } from '../../suites/catalogue/loaded.ts';
import { TALES } from '../../tests/tales/index.ts';
import { tell } from '../../tests/tales/tale.ts';
import type { Identity } from '../../reports/judge/identity.ts';
import { readStored, storedPath, trialsOf } from './stored.ts';
import type { Stored } from './stored.ts';

export interface Asked {
  check: string;
  folder: string;
}

export type Answer = Result & { check: string; tookMs: number; told: number };

const NONE = { told: 0, wrong: [] };

export async function hold({ check, folder }: Asked): Promise<Answer> {
  const beganMs = performance.now();
  const held = async (): Promise<Result & { told: number }> => {
    const of = await judgeOf(check);
    const file = storedPath(check, folder);
    if (file === null) throw new Error('there is no stored history');
    if (of === undefined) throw new Error('there is no judge');
    const stored = readStored(file);
    const trials = trialsOf(stored);
    const unstated = Object.keys(rowOf(check)?.goals ?? {}).filter((goal) =>
      trials.some(({ history }) => !Object.hasOwn(history.header.goals, goal)),
    );
    if (unstated.length > 0)
      throw new Error(
        `it does not state the goals ${unstated.join(', ')}: store one of a new run (npm run histories -- keep RUN)`,
      );
    const judge = judgeOver(of, identityOf(stored, trials));
    const result = takeApart({ trials, judge });
    const histories = trials.map(({ history }) => history);
    const { told, wrong } = result.refused === null ? tell(TALES, { check, histories, judge }) : NONE;
    return { ...result, told, wrong: [...result.wrong, ...wrong] };
  };
  const result = await held().catch((error: unknown) => ({ ...refusal(errorText(error)), told: 0 }));
  return { ...result, check, tookMs: performance.now() - beganMs };
}

/** A stored history says in its head of which run it is; what it says of itself beside that is taken from its first trial. */
function identityOf({ head }: Stored, [one]: ReturnType<typeof trialsOf>): Identity {
  const { environment = '', settings: { apiAddress } = {} } = one?.history.header ?? {};
  const id = head.recorded?.run;
  return { check: head.check, run: id === undefined ? undefined : { id, environment, apiAddress } };
}

parentPort?.on('message', (asked: Asked) => {
  void hold(asked).then((answer) => parentPort?.postMessage(answer));
});
