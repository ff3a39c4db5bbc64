import { rmSync } from 'node:fs';
import path from 'node:path';
import { storesProvisioned } from '../env/local/stores-provisioned.ts';
import { stateRoot } from '../host/paths.ts';
import { check } from './check.ts';
import { alone } from './running/alone.ts';
import { countChecks } from './running/checks.ts';
import { failuresIn } from './running/failures.ts';
import { addUp, single } from './running/runners.ts';
import { runStep } from './running/steps.ts';
import { CLI, ROOT, TestRun } from './running/test-run.ts';

/** Holds the process that tests on this machine, whichever checkout it is of. */
const LOCK = path.join(stateRoot(), 'test.lock');
/** Folder of the runs whose records are read here. */
const RUNS = path.join(ROOT, 'test-results', 'runs');
const ENVIRONMENT = 'local-small';
/** Further embedded environments: one that is up takes a part of the cores, and controls that measure times are then inconclusive. */
const OTHERS = ['local', 'rehearsal'];
/** Of `env status`. */
const ABSENT = 1;
/** Exit codes of `env up` if it changed nothing: usage error, or the environment is held by another process. */
const UNTOUCHED = [64, 75];

/** Runs the tests of a folder: one file after the other, so that their measurements do not disturb each other, unless they measure nothing. */
function testsIn(folder: string, filesAtOnce = 1): readonly [string, ...string[]] {
  const how = ['--test', `--test-concurrency=${filesAtOnce}`, '--test-reporter=spec'];
  return [process.execPath, ...how, `${folder}/**/*.itest.ts`];
}

/** Tutorials of docs/extend/, followed word for word in copies of the checkout. */
async function addingOne(run: TestRun): Promise<void> {
  run.begin('adding one');
  run.counted('adding one', await runStep(testsIn('tests/add-one', 2), { live: true, signal: run.signal }));
}

/**
 * Stores on servers of their own, with no cluster beside them, which would take a third of two cores. Most of their time they wait for servers,
 * and what they assert of times are intervals that hold the true ones.
 */
async function stores(run: TestRun): Promise<void> {
  run.begin('stores on servers of their own');
  run.counted('stores', await runStep(testsIn('tests/stores', 3), { live: true, signal: run.signal }));
}

/** What needs programs of the environment, but no cluster, and measures nothing. */
async function withoutCluster(run: TestRun): Promise<void> {
  run.begin('without a cluster');
  const ended = await runStep(testsIn('tests/without-cluster', 2), { live: true, signal: run.signal });
  run.counted('without a cluster', ended);
}

/**
 * Tests every mutant of every stored history.
 */
async function mutation(run: TestRun): Promise<void> {
  run.begin('mutation');
  const command = [process.execPath, path.join(ROOT, 'scripts', 'mutate.ts')] as const;
  run.single('mutation', await runStep(command, { live: true, signal: run.signal }));
}

/**
 * Controls that the others of their kind make needless here, to save a quarter of an hour on a slow machine: the loss accounting of each fault is
 * the same code, and that of a crash shows that it is in its way; one pod of the backend is missing as well when a node is; an
 * autoscaler that adds no pods is shown by its maximum; a load's goals are judged by one judge. That an autoscaler swings takes more than four
 * minutes to show by itself: unit tests and mutants of a recorded history hold its judge. `plumbline controls` runs them all.
 */
const LEFT_OUT = [
  'failover/postgres/{pod-delete,hang,partition,node-loss,switchover}/write-removed',
  'failover/backend/node-loss/one-pod',
  'scaling/backend/up/no-metrics',
  'scaling/backend/down/saw-tooth',
  'performance/api/{availability/failing,availability/few,throughput/failing}',
];

async function onCluster(run: TestRun): Promise<void> {
  run.begin('integration tests');
  const tests = await runStep(testsIn('tests/integration'), { live: true, signal: run.signal });
  run.counted('integration tests', tests);
  if (run.stopped()) return;
  // Run nothing beside the controls: on a busy machine a missed time goal is inconclusive, and such a control would not be caught.
  run.begin('controls');
  const without = LEFT_OUT.flatMap((glob) => ['--without', glob]);
  run.counted('controls', await run.plumbline(['controls', '--size', 'small', ...without]));
  if (!run.stopped()) await telemetry(run);
}

/** Checks that follow log lines and requests into the stores of logs and traces, and some of their controls: all would take 15 minutes. */
const TELEMETRY = {
  checks: ['logs/canary', 'traces/canary', 'metrics/targets', 'alerts/rules', 'dashboards'],
  controls: [
    'logs/canary/shipped-twice',
    'traces/canary/exporter-dropped',
    'correlation/id-stripped',
    'metrics/targets/target-removed',
    'alerts/rules/unloaded',
    'dashboards/source-broken',
  ],
};

const globOf = (names: readonly string[]): string => `telemetry/{${names.join(',')}}`;

async function telemetry(run: TestRun): Promise<void> {
  run.begin('telemetry up');
  const words = [...new Set([...storesProvisioned(ENVIRONMENT), 'telemetry'])].join(',');
  const up = await run.plumbline(['env', 'up', '--env', ENVIRONMENT, '--with', words]);
  run.single('telemetry up', up);
  if (up.exitCode !== 0 || run.stopped()) return;
  run.begin('telemetry, and its controls');
  await telemetryChecks(run);
  if (run.stopped()) return;
  const glob = globOf(TELEMETRY.controls);
  const step = 'controls of telemetry';
  const caught = run.counted(step, await run.plumbline(['controls', '--size', 'small', '--check', glob]));
  if (run.stopped()) return;
  // A name that matches no control would be skipped silently, so the number of controls is checked.
  const { passed, failed, skipped } = addUp([caught]);
  const [wanted, seen] = [TELEMETRY.controls.length, passed + failed + skipped];
  run.count(step, single(seen === wanted ? 0 : 1), () => [`expected ${wanted} controls, ${seen} were run`]);
}

async function telemetryChecks(run: TestRun): Promise<void> {
  rmSync(RUNS, { recursive: true, force: true });
  const selection = ['--check', globOf(TELEMETRY.checks)];
  const ended = await run.plumbline(['run', '--env', ENVIRONMENT, ...selection, '--out', RUNS]);
  // A name that matches no check is skipped silently, and a check that is not run does not change the exit code: each is looked up.
  const wanted = TELEMETRY.checks.map((name) => `telemetry/${name}`);
  const checked = countChecks(RUNS, wanted);
  const result = { exitCode: ended.exitCode, counts: checked?.counts ?? null };
  const unread = ended.exitCode === 0 ? ['the run left no record that can be read'] : [];
  const failed = checked?.failures ?? unread;
  run.count('telemetry', result, () => (failed.length > 0 ? failed : failuresIn(ended)));
}

async function withCluster(run: TestRun): Promise<void> {
  run.begin('environment up');
  const up = await run.plumbline(['env', 'up', '--env', ENVIRONMENT]);
  run.single('environment up', up);
  if (UNTOUCHED.includes(up.exitCode)) return;
  try {
    if (up.exitCode === 0 && !run.stopped()) await onCluster(run);
  } finally {
    run.begin('environment down');
    // Without the signal: the environment is removed even after an interrupt.
    const down = await runStep([process.execPath, CLI, 'env', 'down', '--env', ENVIRONMENT], { live: true });
    run.single('environment down', down);
  }
}

/** A cluster left half up by an earlier run is cleaned; one that it left up would take time from the tests before it is needed. */
async function removeLeftovers(run: TestRun): Promise<void> {
  const step = 'removing what an earlier run left';
  run.begin(step);
  run.single(step, await run.plumbline(['env', 'down', '--env', ENVIRONMENT]));
  for (const name of OTHERS) {
    const command = [process.execPath, CLI, 'env', 'status', '--env', name] as const;
    if ((await runStep(command, { signal: run.signal })).exitCode === ABSENT) continue;
    if (process.env.CI !== undefined) run.single(step, await run.plumbline(['env', 'down', '--env', name]));
    else
      process.stdout.write(
        `${name} is on this machine: controls that measure times may be inconclusive for it; npx plumbline env down --env ${name}\n`,
      );
  }
}

async function steps(run: TestRun): Promise<void> {
  await removeLeftovers(run);
  if (run.stopped()) return;
  run.begin('check');
  const checked = await check(run.signal);
  run.count('check', { exitCode: 0, counts: checked.counts }, () => checked.failures);
  if (!run.stopped()) await addingOne(run);
  if (!run.stopped()) await mutation(run);
  if (!run.stopped()) await withCluster(run);
  if (!run.stopped()) await stores(run);
  if (!run.stopped()) await withoutCluster(run);
}

process.exitCode = await alone(LOCK, () => new TestRun().summed(steps));
