import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { acceptedRun } from '../../reports/_testing/accepted.ts';
import { earlierRuns } from '../record/earlier-runs.ts';
import { readBaseline } from './baseline.ts';

const staging = await loadEnvironment('staging');
const nightly = { environment: staging, profile: 'nightly', scope: 'profile' as const, checks: ['a', 'b'] };

/** A record of the nightly run of staging, in a folder of this name. */
function put(runs: string, name: string, over: Partial<RunRecord> = {}): void {
  const record = acceptedRun('met');
  const environment = { ...record.environment, name: 'staging', size: null };
  const of = { ...record, id: name, environment, profile: 'nightly', scope: 'profile', ...over };
  putText(runs, name, JSON.stringify(of));
}

function putText(runs: string, name: string, text: string): void {
  mkdirSync(join(runs, name), { recursive: true });
  writeFileSync(join(runs, name, 'run.json'), text);
}

const missingIn = (baseline: ReturnType<typeof readBaseline>): string =>
  'missing' in baseline ? baseline.missing : `compared with ${baseline.run.id}`;

test('should let a first night run without a baseline, say where it looked, and refuse a wrong name', (context) => {
  const runs = tempFolder(context);
  assert.equal(
    missingIn(readBaseline('runs/latest', nightly, runs)),
    `not compared: there is no earlier run of staging, profile nightly, scope profile, that came to its end in ${join(runs, 'runs')} or ${join(process.cwd(), 'runs')}`,
  );
  assert.match(missingIn(readBaseline('latest', nightly, join(runs, 'not-made-yet'))), /not-made-yet or /);
  assert.throws(() => readBaseline('lastest', nightly, runs), { exitCode: 64 });
});

test('should let a night run whose baseline was cut, or written by another version, and say why it is not compared', (context) => {
  const runs = tempFolder(context);
  putText(runs, 'older', '{"schema":1}');
  putText(runs, 'other', '{"schema":4}');
  putText(runs, 'cut', '{');
  const saidOf = (run: string): string => missingIn(readBaseline(run, nightly, runs));
  assert.match(saidOf('older'), /^not compared with .*\/older: a run record of version 1/);
  assert.match(saidOf('other'), /^not compared with .*\/other: the run record is damaged: id: Invalid input/);
  assert.match(saidOf('cut'), /^not compared with .*\/cut: the run record is damaged: /);
});

test('should take for latest the newest run of the same environment, profile and scope that came to its end', (context) => {
  const runs = tempFolder(context);
  const latest = (run = 'latest'): string => missingIn(readBaseline(run, nightly, runs));
  const environment = { ...acceptedRun('met').environment, name: 'staging', size: null };
  put(runs, '20261120T013000Z-staging-aaaa');
  put(runs, '20261121T013000Z-staging-bbbb');
  // Another environment, profile, scope or size, a run that only read, and three that came to no end.
  put(runs, '20261122T013000Z-staging-small-cccc', {
    environment: { ...environment, name: 'staging-small' },
  });
  put(runs, '20261122T023000Z-staging-0001', { profile: 'gate' });
  put(runs, '20261122T033000Z-staging-0002', { profile: null, scope: 'selection' });
  put(runs, '20261122T043000Z-staging-0003', { environment: { ...environment, size: 'small' } });
  put(runs, '20261122T053000Z-staging-0004', { readOnly: true });
  put(runs, '20261122T063000Z-staging-0005', { blocked: 'no route to host' });
  put(runs, '20261122T073000Z-staging-0006', { interrupted: 'SIGTERM', exitCode: 143 });
  put(runs, '20261122T083000Z-staging-0007', { exitCode: 3 });
  mkdirSync(join(runs, '20261122T093000Z-staging-0008'));
  putText(runs, '20261122T103000Z-staging-0009', '{');
  assert.equal(latest(), 'compared with 20261121T013000Z-staging-bbbb');
  assert.equal(latest(join(runs, 'latest')), 'compared with 20261121T013000Z-staging-bbbb');
  put(runs, '20261123T013000Z-staging-dddd');
  assert.equal(latest(), 'compared with 20261123T013000Z-staging-dddd');
});

test('should name the newest run that it cannot read where there is no other, and take a folder called latest', (context) => {
  const runs = tempFolder(context);
  putText(runs, '20261120T013000Z-staging-aaaa', '{"schema":2}');
  putText(runs, '20261121T013000Z-staging-bbbb', '{"schema":2}');
  const latest = (): string => missingIn(readBaseline('latest', nightly, runs));
  assert.match(latest(), /^not compared with .*\/20261121T013000Z-staging-bbbb: a run record of version 2/);
  put(runs, 'latest', { id: 'carried' });
  assert.equal(latest(), 'compared with carried');
});

test('should compare a selection with the newest one of the same checks', (context) => {
  const runs = tempFolder(context);
  const [check = assert.fail()] = acceptedRun('met').checks;
  const of = (...ids: string[]): Partial<RunRecord> => ({
    profile: null,
    scope: 'selection',
    checks: ids.map((id) => ({ ...check, id })),
  });
  const latest = (...checks: string[]): string =>
    missingIn(
      readBaseline('latest', { environment: staging, profile: null, scope: 'selection', checks }, runs),
    );
  put(runs, '20261120T013000Z-staging-aaaa', of('x/one', 'x/two'));
  put(runs, '20261121T013000Z-staging-bbbb', of('x/one'));
  put(runs, '20261122T013000Z-staging-cccc', of('x/one', 'x/two', 'x/three'));
  assert.equal(latest('x/two', 'x/one'), 'compared with 20261120T013000Z-staging-aaaa');
  assert.equal(latest('x/one'), 'compared with 20261121T013000Z-staging-bbbb');
  assert.match(
    latest('x/two'),
    /no earlier run of staging, scope selection and the same 1 check, that came to/,
  );
});

test('should say why a folder of runs cannot be read, and leave it to the run folder to refuse it', (context) => {
  const file = join(tempFolder(context), 'runs');
  writeFileSync(file, '');
  const said = missingIn(readBaseline('latest', nightly, file));
  assert.match(said, /^not compared with the runs in \S*\/runs: ENOTDIR: /);
  assert.deepEqual(earlierRuns(file, 'staging'), []);
});
