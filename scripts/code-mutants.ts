/**
 * Breaks production code on purpose and prints whether a unit test notices: `npm run code-mutants [-- --only NAME_GLOB] [--list FILE]`.
 * Each mutant of tests/code-mutants.yaml is one small change by which a verdict or the safety of a drill becomes weaker. It is made in a copy
 * of the checkout, which itself stays as it is. Exit 1 if one survives that is not listed as surviving; 64 where the list fits the code no more.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { matchesAny } from '../env/globs.ts';
import { errorText } from '../reports/record/error-text.ts';
import { Copy } from '../tests/add-one/copy.ts';

const ROOT = path.dirname(import.meta.dirname);
const USAGE = 64;
/** A mutant may make a test wait for ever. The slowest glob takes half a minute on two cores. */
const LONGEST_MS = 300_000;

const mutantSchema = z.strictObject({
  /** PLACE/WHAT: results are added up by place. */
  name: z.string().regex(/^[a-z]+\/[a-z0-9-]+$/),
  file: z.string(),
  /** Text that is in the file exactly once. */
  find: z.string(),
  replace: z.string(),
  /** Glob of the unit tests that must notice. */
  tests: z.string(),
  /** Why no unit test notices it. */
  survives: z.string().optional(),
});
type Mutant = z.infer<typeof mutantSchema>;

/** @throws Error naming each mutant that does not fit the code */
function readMutants(list: string, only: string): Mutant[] {
  const all = z.array(mutantSchema).parse(parse(readFileSync(list, 'utf8')));
  const chosen = all.filter(({ name }) => matchesAny([only], name));
  if (chosen.length === 0) throw new Error(`no mutant is called ${only}`);
  const unfit = chosen.flatMap(({ name, file, find, tests }) => {
    const times = readFileSync(path.join(ROOT, file), 'utf8').split(find).length - 1;
    if (times !== 1) return [`${name}: its text is ${times} times in ${file}, expected once`];
    return globSync(tests, { cwd: ROOT }).length === 0 ? [`${name}: no unit test is called ${tests}`] : [];
  });
  if (unfit.length > 0) throw new Error(unfit.join('\n'));
  return chosen;
}

/**
 * @returns the first test that fails; null: all pass
 * @throws Error where the tests cannot be run, as where a mutant is no TypeScript
 */
function firstFailure(copy: Copy, tests: string): string | null {
  const argv = ['--test', '--test-isolation=none', '--test-reporter=tap', tests];
  const { status, error, stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: copy.root,
    encoding: 'utf8',
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
  });
  if (error !== undefined && 'code' in error && error.code === 'ETIMEDOUT') return 'the time limit';
  if (status === 0) return null;
  const failed = /^ *not ok \d+ - (.*)$/m.exec(stdout)?.[1];
  if (failed === undefined) throw new Error(`${tests} cannot be run: ${stderr.slice(-2000)}`);
  return failed;
}

/** @returns whether every mutant was caught that is not listed as surviving */
function tryAll(copy: Copy, mutants: readonly Mutant[]): boolean {
  for (const tests of new Set(mutants.map((one) => one.tests))) {
    const failed = firstFailure(copy, tests);
    if (failed !== null) throw new Error(`${tests} fails without any mutant: ${failed}`);
  }
  const caught = new Map<string, boolean[]>();
  const survivors: Mutant[] = [];
  for (const mutant of mutants) {
    const text = copy.read(mutant.file);
    copy.change(mutant.file, mutant.find, mutant.replace);
    const failed = firstFailure(copy, mutant.tests);
    copy.write(mutant.file, text);
    if (failed === null) survivors.push(mutant);
    const [place = ''] = mutant.name.split('/');
    caught.set(place, [...(caught.get(place) ?? []), failed !== null]);
    const listed = mutant.survives === undefined ? '' : ` (listed as surviving: ${mutant.survives})`;
    const result = failed === null ? 'survived' : `caught by: ${failed}`;
    process.stdout.write(`${mutant.name}: ${result}${listed}\n`);
  }
  for (const [place, results] of caught)
    process.stdout.write(`${place}: ${results.filter(Boolean).length} of ${results.length} caught\n`);
  return survivors.every(({ survives }) => survives !== undefined);
}

try {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '**' },
      list: { type: 'string', default: path.join(ROOT, 'tests', 'code-mutants.yaml') },
    },
  });
  const mutants = readMutants(values.list, values.only);
  const copy = new Copy();
  try {
    process.exitCode = tryAll(copy, mutants) ? 0 : 1;
  } finally {
    copy.remove();
  }
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = USAGE;
}
