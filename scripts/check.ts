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
/** A third of what a small test takes is that the types of its modules are stripped and the rest is compiled: Node keeps both, by content. */
const COMPILED = path.join(CACHE, 'node');
const NODE_TEST = [process.execPath, '--test', '--test-reporter=spec'] as const;
const testsOf = (folders: readonly string[]): string[] => folders.map((folder) => `${folder}/**/*.test.ts`);
/** Their tests start processes, handle signals or measure time: a process for each file. */
const ISOLATED = ['cli', 'host', 'load', 'probes', 'runner'];
/** They mostly wait: for processes, timers and answers that do not come. */
const FILES_AT_ONCE = 3;
/** Here a process for each file costs several times what its tests do: one for all, still one test at a time. */
const TOGETHER = ['deploy', 'env', 'faults', 'reports', 'scripts', 'suites', 'tests/add-one'];
/**
 * Checks whose stored histories are taken apart here, since that is quick; `npm test` takes all of them. The seed is fixed, so that a change of the
 * code decides and not the draw.
 */
const QUICK = [
  '{topology,gpu,integrations}/**',
  'telemetry/{alerts,metrics}/*',
  'telemetry/{dashboards,correlation}',
  'telemetry/{logs,traces}/canary',
  'telemetry/logs/every-workload',
  'performance/**',
  'failover/{query,ai}/*',
];
const MUTATION = [
  process.execPath,
  path.join('scripts', 'mutate.ts'),
  '--seed',
  '1',
  ...QUICK.flatMap((glob) => ['--check', glob]),
] as const;

/** Longest first, so that two at a time end soonest. */
const STEPS: readonly Step[] = [
  { name: 'lint', command: [process.execPath, path.join('scripts', 'lint', 'run.ts')] },
  {
    name: 'unit tests 1',
    command: [...NODE_TEST, `--test-concurrency=${FILES_AT_ONCE}`, ...testsOf(ISOLATED)],
    counts: true,
  },
  {
    name: 'unit tests 2',
    command: [...NODE_TEST, '--test-isolation=none', ...testsOf(TOGETHER)],
    counts: true,
  },
  { name: 'mutation', command: MUTATION },
  { name: 'types', command: [bin('tsc'), '--noEmit', '--incremental', '--tsBuildInfoFile', TYPES_CACHE] },
  { name: 'types of scenarios', command: [bin('tsc'), '--noEmit', '-p', path.join('load', 'scenarios')] },
  { name: 'format', command: [bin('prettier'), '--check', '--log-level', 'warn', ...FORMAT_CACHE, '.'] },
  { name: 'unused', command: [bin('knip')] },
];

/** Steps of one process each gain nothing from more, and the tests among them measure time. */
const AT_ONCE = Math.min(2, availableParallelism());

/** How all steps ended, or one. */
export interface Checked {
  counts: Counts;
  /** What failed, a line each, beginning with the name of its step. */
  failures: string[];
}

async function runOne(step: Step, signal: AbortSignal | undefined): Promise<Checked> {
  const result = await runStep(step.command, {
    env: { FORCE_COLOR: '0', NODE_COMPILE_CACHE: COMPILED },
    ...(signal !== undefined && { signal }),
  });
  const { exitCode, output } = result;
  const counts = addUp([step.counts === true ? { exitCode, counts: readCounts(output) } : single(exitCode)]);
  const seconds = `${(result.durationMs / 1000).toFixed(1)} s`;
  const detail = step.counts === true ? `  ${renderCounts(counts)}` : '';
  process.stdout.write(
    `${counts.failed === 0 ? '✓' : '✗'} ${step.name.padEnd(12)} ${seconds.padStart(7)}${detail}\n`,
  );
  if (counts.failed === 0) return { counts, failures: [] };
  process.stdout.write(`${output.trimEnd()}\n`);
  return { counts, failures: failuresIn(result).map((line) => `${step.name}: ${line}`) };
}

/** Lint, types, format, unused code and unit tests, two at a time; one line a step, the output of those that fail. */
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
