/** Drills on the small embedded environment: one at a time, stopped by the kill switch, undone when too dear. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { lockPath, takeLock } from '../../host/lock.ts';
import type { FailoverRecord } from '../../reports/record/run-record.ts';
import { kubeCallFrom, safetyFolder, type KubeCall } from '../../runner/provider-safety.ts';
import { Journal } from '../../runner/safety/journal/journal.ts';
import { HolderRecord } from '../../runner/safety/lease/processes.ts';
import { provisioned } from './_helpers/instance.ts';
import { allDeclared } from './_helpers/provisioned-stores.ts';
import { onlyRun, plumbline, scratch } from './_helpers/runner-fixture.ts';

const INSTANCE = 'local-small';
const KILL_SWITCHES = '/api/v1/namespaces/plumbline-system/configmaps';
const BEGIN_MS = 180_000;
const TIMEOUT_MS = 10_000;
const folder = scratch();
const journal = new Journal(safetyFolder(INSTANCE, INSTANCE));
const holders = new HolderRecord(journal.folder);
let kube: KubeCall;
let close: () => void;

before(async () => {
  ({ call: kube, close } = kubeCallFrom(await provisioned(['postgres'])));
});
after(() => close());

const out = (name: string): string => join(folder, 'runs', name);

async function until(what: string, seen: () => boolean, withinMs = BEGIN_MS): Promise<number> {
  const since = performance.now();
  while (!seen()) {
    if (performance.now() - since > withinMs) assert.fail(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
  return performance.now() - since;
}

/** The environment's file with changes, in a folder of its own: an instance is named like its environment. */
function environmentWith(name: string, change: (environment: Record<string, unknown>) => void): string {
  mkdirSync(join(folder, name), { recursive: true });
  const file = join(folder, name, `${INSTANCE}.yaml`);
  const environment: Record<string, unknown> = allDeclared(INSTANCE);
  change(environment);
  writeFileSync(file, stringify(environment));
  return file;
}

function trialsOf(name: string): { trials: FailoverRecord[]; verdict: string; notes: string[] } {
  const { record } = onlyRun(out(name));
  const check = record.checks.find(({ trials }) => trials.length > 0);
  return { trials: check?.trials ?? [], verdict: record.verdict, notes: record.notes };
}

test('should refuse a second drill, provisioning and removing while a drill runs, and stop it by the kill switch within 2 s', async () => {
  const drill = plumbline([
    'drill',
    'failover/postgres/hang',
    '--env',
    INSTANCE,
    '--out',
    out('kill-switch'),
  ]);
  await until('a drill holds the environment', () => holders.living().length > 0);
  const [holder] = holders.living();
  const named = new RegExp(`held by process ${holder?.pid ?? 0} on this machine`);
  const provisioning = await plumbline(['env', 'up', '--env', INSTANCE]);
  assert.equal(provisioning.code, 75, provisioning.output);
  assert.match(provisioning.output, named);

  await until('the fault is in force', () => journal.open().some(({ access }) => access === 'fault'));
  const second = await plumbline([
    'drill',
    'failover/postgres/pod-delete',
    '--env',
    INSTANCE,
    '--out',
    out('second'),
  ]);
  assert.equal(second.code, 75, second.output);
  assert.match(second.output, named);
  const removing = await plumbline(['env', 'down', '--env', INSTANCE]);
  assert.equal(removing.code, 75, removing.output);
  assert.match(removing.output, named);
  assert.ok(journal.open().length > 0, 'the fault lasts until it is undone');

  const killSwitch = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'plumbline-stop' },
    data: { reason: 'enough' },
  };
  await kube({ method: 'POST', path: KILL_SWITCHES, body: killSwitch, timeoutMs: TIMEOUT_MS });
  try {
    const tookMs = await until('everything is undone', () => journal.open().length === 0, 10_000);
    assert.ok(tookMs <= 2_000, `undone only after ${Math.round(tookMs)} ms`);
    const recorded = journal.entries().length;
    const { code, output } = await drill;
    assert.equal(journal.entries().length, recorded, 'no new action');
    assert.equal(code, 2, output);
    assert.match(output, /kill switch plumbline-stop: it is set \("enough"\)/);
    const next = await plumbline([
      'drill',
      'failover/postgres/pod-delete',
      '--env',
      INSTANCE,
      '--out',
      out('set'),
    ]);
    assert.equal(next.code, 75, next.output);
    assert.match(next.output, /kill switch plumbline-stop/);
  } finally {
    await kube({ method: 'DELETE', path: `${KILL_SWITCHES}/plumbline-stop`, timeoutMs: TIMEOUT_MS });
  }
});

test('should refuse drills and restoring while the environment is being provisioned or removed, naming who does', async () => {
  const release = takeLock(lockPath(INSTANCE));
  try {
    for (const words of [
      ['drill', 'failover/postgres/pod-delete', '--env', INSTANCE, '--out', out('provisioned')],
      ['run', '--env', INSTANCE, '--check', 'topology/nodes/pools', '--out', out('provisioned')],
      ['restore', '--env', INSTANCE],
    ]) {
      const { code, output } = await plumbline(words);
      assert.equal(code, 75, `${words.join(' ')}: ${output}`);
      assert.match(output, new RegExp(`\\b${process.pid}\\b`));
    }
  } finally {
    release();
  }
});

test('should undo a fault early when the outage passes what was expected, and not call that a recovery', async () => {
  const env = environmentWith('dear', (environment) => {
    const { postgres } = environment['stores'] as { postgres: Record<string, unknown> };
    // A leader that still reaches the API server keeps its lease: nobody takes over while the partition lasts.
    delete postgres['partition'];
    postgres['goals'] = { partition: { rtoSeconds: 5, lostWrites: 0 } };
    environment['drills'] = {
      steadySeconds: 3,
      errorBudget: { objective: 0.999, windowDays: 30, maxShare: 0.1, enforced: true },
    };
  });
  const { code, output } = await plumbline([
    'drill',
    'failover/postgres/partition',
    '--env',
    env,
    '--out',
    out('dear'),
  ]);
  assert.ok(code === 1 || code === 2, output);
  assert.match(output, /undoing the fault early/);
  assertUndoneEarly(trialsOf('dear').trials[0]);
});

function assertUndoneEarly(trial: FailoverRecord | undefined): void {
  const { budget, rto, reason } = trial ?? assert.fail('a trial was expected');
  assert.match(
    budget?.restoredEarly ?? '',
    /outage has lasted [5-7]\.\d s, longer than the estimated 5\.0 s/,
  );
  assert.match(reason, /goal 5 s|undone early/);
  assert.ok(rto !== null && rto.hiMs < 25_000, 'undone long before the fault would have ended');
  assert.ok((budget?.spentMs ?? 0) > 5_000);
}
