import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { failuresIn, failuresText } from './running/failures.ts';
import { addUp, readCounts, renderCounts, single } from './running/runners.ts';
import type { Counts } from './running/runners.ts';
import { runStep } from './running/steps.ts';

interface Step {
  name: string;
  command: readonly [string, ...string[]];
  /** It has tests of its own to count; others count as one passed or one failed. */
  counts?: boolean;
}

const ROOT = path.dirname(import.meta.dirname);
const bin = (name: string): string => path.join(ROOT, 'node_modules', '.bin', name);
/** What was found out so far, each by the content of what it is about: a second run looks at what changed only, a clean clone, as in CI, at all. */
const CACHE = path.join(ROOT, 'node_modules', '.cache');
const TYPES_CACHE = path.join(CACHE, 'types.tsbuildinfo');
/**
 * Whether a file is formatted follows from itself, Prettier's version and its options, at which Prettier looks. Where it would keep this by itself,
 * a call without a cache throws it away.
 */
const FORMAT_CACHE = [
  '--cache',
  '--cache-strategy',
  'content',
  '--cache-location',
  path.join(CACHE, 'format'),
];
/** TypeScript 7, which takes a third of the time; lint still needs the interface of 6, which it no longer has. */
const TSC = [
  process.execPath,
  path.join(ROOT, 'node_modules', 'typescript-native', 'bin', 'tsc'),
  '--noEmit',
] as const;
const NODE_TEST = [process.execPath, '--test', '--test-reporter=spec', '--test-isolation=none'] as const;
/**
 * Unit tests share processes, one test at a time in each: a process for each file costs several times what its tests do. A file belongs to the
 * first row that fits, so that none is left out. Longest first, so that several at a time end soonest.
 */
const UNIT_TESTS = [
  ['journal, timers', 'runner/safety/{journal,timers}/**'],
  ['commands, probes', '{cli,probes}/**'],
  ['the load engine', 'load/engines/**'],
  ['environments', '{env,faults,deploy}/**'],
  ['checks, reports', '{suites,reports}/**'],
  ['restoring', 'runner/safety/**'],
  ['runs, loads', '{runner,load}/**'],
  ['all others', '**'],
] as const;
const TEST_FILES = globSync('**/*.test.ts', { cwd: ROOT, exclude: ['node_modules', 'test-results', 'runs'] });
const testsOf = (name: string): string[] =>
  TEST_FILES.filter((file) => UNIT_TESTS.find(([, glob]) => path.matchesGlob(file, glob))?.[0] === name);
const STEPS: readonly Step[] = [
  { name: 'lint', command: [process.execPath, path.join('scripts', 'lint', 'run.ts')] },
  ...UNIT_TESTS.map(([name]): Step => ({ name, command: [...NODE_TEST, ...testsOf(name)], counts: true })),
  { name: 'types', command: [...TSC, '--incremental', '--tsBuildInfoFile', TYPES_CACHE] },
  { name: 'types of scenarios', command: [...TSC, '-p', path.join('load', 'scenarios')] },
  { name: 'format', command: [bin('prettier'), '--check', '--log-level', 'warn', ...FORMAT_CACHE, '.'] },
  { name: 'unused', command: [bin('knip')] },
];

/** More than there are cores to use, since most of these processes mostly wait: for others, timers and answers that do not come. */
const AT_ONCE = 2 + Math.min(2, availableParallelism());

/** How all steps ended, or one. */
export interface Checked {
  counts: Counts;
  /** What failed, a line each, beginning with the name of its step. */
  failures: string[];
}

async function runOne(step: Step, signal: AbortSignal | undefined): Promise<Checked> {
  const result = await runStep(step.command, {
    env: { FORCE_COLOR: '0' },
    ...(signal !== undefined && { signal }),
  });
  const { exitCode, output } = result;
  const counts = addUp([step.counts === true ? { exitCode, counts: readCounts(output) } : single(exitCode)]);
  const seconds = `${(result.durationMs / 1000).toFixed(1)} s`;
  const detail = step.counts === true ? `  ${renderCounts(counts)}` : '';
  process.stdout.write(
    `${counts.failed === 0 ? '✓' : '✗'} ${step.name.padEnd(18)} ${seconds.padStart(7)}${detail}\n`,
  );
  if (counts.failed === 0) return { counts, failures: [] };
  process.stdout.write(`${output.trimEnd()}\n`);
  return { counts, failures: failuresIn(result).map((line) => `${step.name}: ${line}`) };
}

/** Lint, types, format, unused code and unit tests, several at a time; one line a step, the output of those that fail. */
export async function check(signal?: AbortSignal): Promise<Checked> {
  const waiting = [...STEPS];
  const done: Checked[] = [];
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
      done.push(await runOne(step, signal));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return {
    counts: addUp(done.map(({ counts }) => ({ exitCode: 0, counts }))),
    failures: done.flatMap(({ failures }) => failures),
  };
}

if (import.meta.main) {
  const { counts, failures } = await check();
  process.stdout.write(`${failuresText(failures)}${renderCounts(counts)}\n`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}
