/**
 * All that is tried on the rehearsal, one step after the other: `npm run test:rehearsal`; with words after `--`, only the steps whose names have one
 * of them. A step that fails ends nothing; the last lines say of each how it ended, and how long it took. A store fails over beside no other, and what
 * sends telemetry stands beside PostgreSQL alone: all together keep two slow cores busy, and failovers then take longer than their goals.
 * Exit 0: each step did; 1: one did not.
 */
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { STORES } from '../env/schema.ts';
import { minutesText, runStep } from './running/steps.ts';

type Command = [string, ...string[]];

const CLI = resolve(import.meta.dirname, '..', 'cli', 'plumbline.mjs');
const ENV = ['--env', 'rehearsal'];
const plumbline = (...words: string[]): Command => [process.execPath, CLI, ...words];
const up = (...words: string[]): Command => plumbline('env', 'up', ...ENV, '--with', words.join(','));
const run = (profile: string): Command => plumbline('run', ...ENV, '--profile', profile);
const checks = (glob: string): Command => plumbline('run', ...ENV, '--check', glob);

const itests = (...files: string[]): Command => [
  process.execPath,
  '--test',
  '--test-concurrency=1',
  '--test-reporter=spec',
  ...files,
];
/** Trials of PostgreSQL whose goals, or counts, hold for it alone on the machine. */
const ALONE = ['paths', 'two-leaders'].map((name) => `tests/rehearsal/${name}.itest.ts`);
/** Wants telemetry provisioned. */
const CANARIES = 'tests/rehearsal/canaries.itest.ts';

const failovers = STORES.flatMap((store): [string, Command][] => [
  [`${store}, provisioned`, up(store)],
  [`every failover of ${store}`, checks('failover/**')],
  ...(store === 'postgres'
    ? [[`both ways to ${store}, and two leaders`, itests(...ALONE)] satisfies [string, Command]]
    : []),
]);
const STEPS: Readonly<Record<string, Command>> = {
  ...Object.fromEntries(failovers),
  'five stores, an application and devices, provisioned': up(...STORES, 'gpu'),
  'workloads, and where data lies': checks('topology/{storage,workloads}/**'),
  devices: run('gpu'),
  'what turns verdicts': itests(
    ...globSync('tests/rehearsal/**/*.itest.ts', { exclude: [...ALONE, CANARIES] }).sort(),
  ),
  'the application and its telemetry, provisioned': up('postgres', 'telemetry'),
  'the application': run('application'),
  autoscaling: run('scaling'),
  telemetry: run('telemetry'),
  'canaries of a run that was killed': itests(CANARIES),
  'telemetry under a fault': run('telemetry-under-fault'),
  'devices beside them, provisioned': up('postgres', 'telemetry', 'gpu'),
  'every suite in one run': run('every-suite'),
};

const words = process.argv.slice(2);
const chosen = Object.entries(STEPS).filter(
  ([name]) => words.length === 0 || words.some((word) => name.includes(word)),
);
if (chosen.length === 0) {
  process.stderr.write(
    `no step has ${words.join(' or ')} in its name; there are:\n  ${Object.keys(STEPS).join('\n  ')}\n`,
  );
  process.exit(64);
}
const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());

const ended: string[] = [];
let failed = false;
for (const [name, command] of chosen) {
  if (interrupt.signal.aborted) break;
  process.stdout.write(`\n== ${name}\n`);
  const { exitCode, durationMs } = await runStep(command, { live: true, signal: interrupt.signal });
  failed ||= exitCode !== 0;
  ended.push(`${exitCode === 0 ? '✓' : '✗'} ${name}, ${minutesText(durationMs)} min, exit ${exitCode}`);
}
process.stdout.write(`\n${ended.join('\n')}\n`);
process.exitCode = failed || interrupt.signal.aborted ? 1 : 0;
