import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Answer, Asked } from './hold.ts';
import { storedPath } from './stored.ts';

const WORKER = new URL('./hold.ts', import.meta.url);
const AT_ONCE = Math.min(2, availableParallelism());

/** Takes the stored histories of checks apart, in workers; answers in the order of the checks. */
export async function holdAll(checks: readonly string[], folder: string): Promise<Answer[]> {
  // The largest history first, so that no worker begins a long one when the others have finished.
  const waiting = checks.toSorted((a, b) => sizeOf(b, folder) - sizeOf(a, folder));
  const answers: Answer[] = [];
  const work = async (): Promise<void> => {
    const worker = new Worker(WORKER);
    try {
      for (let check = waiting.shift(); check !== undefined; check = waiting.shift())
        answers.push(await ask(worker, { check, folder }));
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, checks.length) }, work));
  return answers.toSorted((a, b) => checks.indexOf(a.check) - checks.indexOf(b.check));
}

function sizeOf(check: string, folder: string): number {
  const file = storedPath(check, folder);
  return file === null ? 0 : statSync(file).size;
}

function ask(worker: Worker, asked: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (answer: Answer) => {
      worker.off('error', reject);
      resolve(answer);
    });
    worker.postMessage(asked);
  });
}
