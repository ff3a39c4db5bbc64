/** What may be taken for undone, and what not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeftElsewhereError } from '../errors.ts';
import { openSafety, restoreEnvironment } from '../index.ts';
import { safetyFolder } from '../lease/place.ts';
import { openForTest as open, safetyOptions as options } from '../_testing/safety.ts';
import { TestApi } from '../_testing/api.ts';
import { leftBy, MIRROR, POWER, powerHere } from './_testing/left.ts';
import type { Entry } from '../types.ts';
import { Journal } from './journal.ts';

/** A fault of this machine that is open in the cluster of the tests. */
const OPEN: Omit<Entry, 'seq' | 'state' | 'rollback'> = {
  id: POWER.id,
  check: 'c',
  title: 'node-loss',
  access: 'fault',
  clusterUid: 'cluster',
  bootId: 'boot',
  holder: { pid: 1, startTime: '1' },
  runId: 'r',
  dueMs: 0,
  dueAfterMs: 0,
  at: '2026-01-01T00:00:00Z',
};

test('a node that another machine gave back, or that was never taken, is not switched on again hours later', async () => {
  const api = new TestApi();
  const { powerOn, switched } = powerHere();
  const given = options(api, 'owner');
  const killed = new Journal(safetyFolder('owner', undefined));
  const entry = {
    ...OPEN,
    rollback: { kind: 'node-power', node: 'worker-1', commands: powerOn({ node: 'worker-1' }) },
  } as const;
  killed.record(entry);
  leftBy(api, []);
  const safety = await open(given);
  assert.deepEqual(safety.restoredAtStart.undone, []);
  assert.equal(switched(), '');
  // As long as it is listed it is this machine's to give back.
  killed.record({ ...entry, id: '3f0c4b1e-8d0a-4d7e-9f55-1d3b1f6f2a12' });
  await safety.close();
  assert.equal(switched(), 'worker-1: on\n');
});

test('a node that is off stays open where the mirror was made again, and is switched on again', async () => {
  const api = new TestApi();
  const { powerOn, switched } = powerHere();
  const given = options(api, 'made-again');
  new Journal(safetyFolder('made-again', undefined)).record({
    ...OPEN,
    rollback: { kind: 'node-power', node: 'worker-1', commands: powerOn({ node: 'worker-1' }) },
  });
  // As deploy/rbac.yaml makes it.
  api.put(MIRROR, {});
  const safety = await open(given);
  assert.equal(safety.restoredAtStart.undone.length, 1);
  assert.equal(switched(), 'worker-1: on\n');
  await safety.close();
});

test('what is open in another cluster of the same name is neither undone nor taken for undone here', async () => {
  const api = new TestApi();
  const given = options(api, 'two-clusters');
  const journal = new Journal(safetyFolder('two-clusters', undefined));
  journal.record({
    ...OPEN,
    clusterUid: 'the other one',
    rollback: { kind: 'kube-delete', path: '/api/v1/namespaces/x/pods/p', marker: 'm' },
  });
  leftBy(api, []);
  const refusal =
    /changes open in another cluster \(UID of kube-system the other one; .*node-loss.*move .* away/;
  await assert.rejects(openSafety(given), (error: unknown) => {
    assert.ok(error instanceof LeftElsewhereError);
    assert.equal(error.exitCode, 75);
    assert.match(error.message, refusal);
    return true;
  });
  await assert.rejects(restoreEnvironment(given), refusal);
  assert.equal(journal.open().length, 1);
  assert.deepEqual(
    api.requests.filter(({ method, path }) => method === 'DELETE' || path.includes('plumbline-journal')),
    [],
  );
});
