/**
 * Stores the passing histories of a run for `npm run mutate`: `node scripts/histories.ts keep RUNFOLDER… [--check GLOB] [--missing]`, and what
 * judges say of changed copies of them: `node scripts/histories.ts accept [--check GLOB]`.
 * The histories of each check that passes replace its stored ones; with --missing only checks without a stored history are stored. Prints
 * what was stored, why others were not, and which built checks have no stored history.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { catalogue } from '../suites/catalogue/index.ts';
import { globMatcher } from '../env/globs.ts';
import { judgeOver } from '../reports/judge/definition.ts';
import { judgeOf } from '../suites/catalogue/loaded.ts';
import type { History } from '../reports/record/history/history.ts';
import { PRESSURE_FILE } from '../reports/record/pressure.ts';
import { judgeCheck } from '../runner/record/judging.ts';
import { checkFolderName } from '../runner/record/run-folder.ts';
import { cleaned, secretIn } from './histories/clean.ts';
import { holdAll } from './histories/hold-all.ts';
import { accept, linesOf } from './histories/outcomes.ts';
import { storedPath, STORED_FOLDER, trialsOf, writeStored } from './histories/stored.ts';
import type { Stored, StoredFile } from './histories/stored.ts';

const USAGE = 64;

interface Options {
  glob: string;
  missing: boolean;
  folder: string;
}

/** Result for one check: the stored file, or why there is none. */
type Kept = { file: string; bytes: number } | { why: string };

async function keep(run: string, check: string, folder: string): Promise<Kept> {
  const histories = path.join(run, 'histories');
  const from = path.join(histories, checkFolderName(check));
  if (!existsSync(from)) return { why: 'it was not run' };
  const { verdict, reason } = await judgeCheck(histories, check);
  if (verdict !== 'pass') return { why: `${verdict}: ${reason}` };
  const files = filesOf(from).map(cleaned);
  const secret = files.map(secretIn).find((found) => found !== null);
  if (secret !== undefined) return { why: `it contains something that looks like a secret: ${secret}` };
  const stored = await fewestTrials({ head: { stored: 1, check, recorded: originOf(run) }, files });
  if (stored === null)
    return {
      why: 'it does not pass without the lines for people (kinds "evidence", "scaled-pod" and "shipper")',
    };
  const file = writeStored(stored, folder);
  return { file, bytes: readFileSync(file).length };
}

function filesOf(from: string): StoredFile[] {
  const trials = readdirSync(from).filter((name) => /^trial-\d+$/.test(name));
  return trials.toSorted().flatMap((trial) =>
    readdirSync(path.join(from, trial), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ndjson') && name !== PRESSURE_FILE)
      .toSorted()
      .map((name) => ({ trial, name, text: readFileSync(path.join(from, trial, name), 'utf8') })),
  );
}

/** Reduces a history to the number of trials that the goal requires, if it then still passes: more trials test nothing else. */
async function fewestTrials(stored: Stored): Promise<Stored | null> {
  const names = [...new Set(stored.files.map(({ trial }) => trial))];
  const [first] = trialsOf({ ...stored, files: stored.files.filter(({ trial }) => trial === names[0]) });
  const wanted = first?.history.header.goals.minTrials ?? 1;
  const few = names.slice(0, Math.max(1, wanted));
  const fewer = { ...stored, files: stored.files.filter(({ trial }) => few.includes(trial)) };
  if (await passes(fewer)) return fewer;
  return (await passes(stored)) ? stored : null;
}

async function passes(stored: Stored): Promise<boolean> {
  const histories: History[] = trialsOf(stored).map(({ history }) => history);
  const judge = await judgeOf(stored.head.check);
  return judge !== undefined && judgeOver(judge)(histories).verdict === 'pass';
}

function originOf(run: string): { run: string; commit: string | null } {
  const file = path.join(run, 'run.json');
  if (!existsSync(file)) return { run: path.basename(path.resolve(run)), commit: null };
  const { id, harness } = JSON.parse(readFileSync(file, 'utf8')) as {
    id: string;
    harness: { commit: string | null };
  };
  return { run: id, commit: harness.commit };
}

async function main(runs: readonly string[], { glob, missing, folder }: Options): Promise<void> {
  const matches = globMatcher(glob);
  const built = catalogue().filter(({ id, built: isBuilt }) => isBuilt && matches(id));
  let bytes = 0;
  for (const run of runs) {
    for (const { id } of built) {
      if (missing && storedPath(id, folder) !== null) continue;
      const kept = await keep(run, id, folder);
      if ('why' in kept) {
        if (kept.why !== 'it was not run') process.stdout.write(`- ${id}: ${kept.why}\n`);
        continue;
      }
      bytes += kept.bytes;
      process.stdout.write(`✓ ${id}: ${(kept.bytes / 1024).toFixed(1)} KiB\n`);
    }
  }
  const without = built.filter(({ id }) => storedPath(id, folder) === null);
  process.stdout.write(`kept ${(bytes / 1024).toFixed(0)} KiB in ${folder}\n`);
  process.stdout.write(
    `${without.length} of ${built.length} built checks have no stored history${without.length > 0 ? ':' : ''}\n`,
  );
  for (const { id } of without) process.stdout.write(`  ${id}\n`);
}

/** Writes down what judges say of changed copies; nothing of a history that does not pass as it is. */
async function acceptAll({ glob, folder }: Options): Promise<void> {
  const matches = globMatcher(glob);
  const ids = catalogue().map(({ id }) => id);
  const stored = ids.filter((id) => matches(id) && storedPath(id, folder) !== null);
  for (const { check, refused, outcomes } of await holdAll(stored, folder)) {
    if (refused === null) accept(check, linesOf(outcomes), folder);
    else process.stdout.write(`- ${check}: its unchanged history does not pass: ${refused}\n`);
  }
  process.stdout.write('accepted; read the difference before you commit it\n');
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'string', default: '**' },
    missing: { type: 'boolean', default: false },
    folder: { type: 'string', default: STORED_FOLDER },
  },
});
const [command, ...runs] = positionals;
const options = { glob: values.check, missing: values.missing, folder: values.folder };
if (command === 'accept' && runs.length === 0) await acceptAll(options);
else if (
  command !== 'keep' ||
  runs.length === 0 ||
  runs.some((run) => !existsSync(path.join(run, 'histories')))
) {
  process.stderr.write(
    'usage: node scripts/histories.ts keep RUNFOLDER… [--check GLOB] [--missing] [--folder FOLDER]\n       node scripts/histories.ts accept [--check GLOB] [--folder FOLDER]\nRUNFOLDER is the folder of a run, which contains the folder histories.\n',
  );
  process.exitCode = USAGE;
} else {
  await main(runs, options);
}
