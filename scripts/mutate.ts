/**
 * Mutates the stored passing history of every built check and prints which mutants still pass:
 * `npm run mutate [-- --check GLOB] [--sample SECONDS] [--survivors N] [--seed N] [--choices] [--folder FOLDER]`.
 * Exit 1 if a mutant survives, a history is missing or does not pass, or too many fields are declared as annotations.
 */
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { matchesAny } from '../env/globs.ts';
import { catalogue } from '../suites/catalogue/index.ts';
import type { Answer, Asked } from './histories/hold.ts';
import { STORED_FOLDER, storedPath } from './histories/stored.ts';
import { problemsOf, reportText } from './histories/table.ts';
import { errorText } from '../reports/record/error-text.ts';

const WORKER = new URL('./histories/hold.ts', import.meta.url);
const AT_ONCE = Math.min(2, availableParallelism());
const USAGE = 64;

interface Options {
  globs: readonly string[];
  /** Time limit for a sample, ms; null: every mutant. */
  sampleMs: number | null;
  survivors: number;
  seed: number;
  choices: boolean;
  folder: string;
}

function optionsOf(): Options {
  const { values } = parseArgs({
    options: {
      check: { type: 'string', multiple: true, default: ['**'] },
      sample: { type: 'string' },
      survivors: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
      choices: { type: 'boolean', default: false },
      folder: { type: 'string', default: STORED_FOLDER },
    },
  });
  const numbers = [values.survivors, values.seed, values.sample ?? '1'].map(Number);
  if (numbers.some((number) => !Number.isFinite(number) || number < 0))
    throw new Error('--sample, --survivors and --seed must be numbers');
  return {
    globs: values.check,
    sampleMs: values.sample === undefined ? null : Number(values.sample) * 1000,
    survivors: Number(values.survivors),
    seed: Number(values.seed),
    choices: values.choices,
    folder: values.folder,
  };
}

/** Distributes the checks among workers. In a sample each check gets an equal part of the remaining time. */
async function holdAll(checks: readonly string[], options: Options): Promise<Answer[]> {
  // The largest history first, so that no worker begins a long one when the others have finished.
  const waiting = checks.toSorted((a, b) => sizeOf(b, options.folder) - sizeOf(a, options.folder));
  const answers: Answer[] = [];
  const beganMs = performance.now();
  const share = (): number | null => {
    if (options.sampleMs === null) return null;
    const leftMs = options.sampleMs - (performance.now() - beganMs);
    return Math.max(0, (leftMs * AT_ONCE) / Math.max(1, waiting.length + AT_ONCE));
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(WORKER);
    try {
      for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
        const { folder, seed, choices } = options;
        answers.push(await ask(worker, { check, folder, seed, choices, forMs: share() }));
      }
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

async function main(options: Options): Promise<number> {
  const built = catalogue().filter(({ id, built: isBuilt }) => isBuilt && matchesAny(options.globs, id));
  if (built.length === 0) {
    process.stderr.write(`no built check is called ${options.globs.join(' or ')}\n`);
    return USAGE;
  }
  const [stored, missing] = [true, false].map((there) =>
    built.map(({ id }) => id).filter((id) => (storedPath(id, options.folder) !== null) === there),
  );
  const answers = await holdAll(stored ?? [], options);
  const report = { answers, missing: missing ?? [], seed: options.seed, survivors: options.survivors };
  process.stdout.write(reportText(report));
  return problemsOf(report).length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(optionsOf());
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = USAGE;
}
