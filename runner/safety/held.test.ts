import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import { lockPath } from '../../host/lock.ts';
import { identify } from '../../host/process-identity.ts';
import { HeldError, openSafety, refuseWhileHeld, safetyFolder } from './index.ts';
import { holderSelf } from './lease/place.ts';
import { HolderRecord } from './lease/processes.ts';
import { TestApi } from './_testing/api.ts';

const INSTANCE = 'local-small';
// Lives as long as its standard input is open, however long the tests before these take.
const other = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
const id = identify(other.pid ?? 0);
after(() => other.kill('SIGKILL'));

function isHeldBy(pid: number | undefined): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HeldError);
    assert.equal(error.exitCode, 75);
    assert.match(error.message, new RegExp(`process ${pid ?? 0}\\b`));
    return true;
  };
}

test('provisioning and removing is refused, naming the holder, while a living process holds the environment', async (context) => {
  emptyFolderIn(context, 'PLUMBLINE_STATE');
  assert.ok(id);
  const holders = new HolderRecord(safetyFolder(INSTANCE, INSTANCE));
  const holder = { ...holderSelf(), ...id };
  refuseWhileHeld(INSTANCE, INSTANCE);
  holders.add(holderSelf());
  refuseWhileHeld(INSTANCE, INSTANCE);
  holders.add(holder);
  assert.throws(() => refuseWhileHeld(INSTANCE, INSTANCE), isHeldBy(other.pid));
  const api = new TestApi();
  await assert.rejects(openSafety(optionsOf(api)), isHeldBy(other.pid));
  assert.deepEqual(api.requests, [], 'nothing was asked of the cluster');
  holders.remove(holder);
});

test('holding is refused while a living process provisions or removes the environment, and nothing is touched', async (context) => {
  emptyFolderIn(context, 'PLUMBLINE_STATE');
  const lock = lockPath(INSTANCE);
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(lock, JSON.stringify({ ...id, since: '2026-11-24T00:00:00Z', checkout: '/a/checkout' }));
  const api = new TestApi();
  await assert.rejects(openSafety(optionsOf(api)), isHeldBy(other.pid));
  assert.deepEqual(api.requests, []);
  refuseWhileHeld(INSTANCE, INSTANCE);
  other.kill('SIGKILL');
  await once(other, 'exit');
  await (await openSafety(optionsOf(api))).close();
  assert.ok(existsSync(lock), 'a dead lock is for whoever provisions');
});

function optionsOf(api: TestApi): Parameters<typeof openSafety>[0] {
  return {
    environment: INSTANCE,
    embedded: INSTANCE,
    clusterUid: 'cluster',
    kube: api.call,
    runId: 'run',
    restoreDeadlineMs: 60_000,
    notice: () => undefined,
  };
}
