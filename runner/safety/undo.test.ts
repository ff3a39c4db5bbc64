import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import { staticPodRemoval, stopStaticPod } from '../../env/local/cluster/index.ts';
import { nodeSpec } from '../../env/local/nodes/index.ts';
import { TestApi } from './_testing/api.ts';
import { Journal } from './journal/journal.ts';
import { bootId } from '../../host/process-identity.ts';
import type { Entry, Rollback } from './types.ts';
import { sha256 } from './undo-node.ts';
import { undoAll } from './undo.ts';

const folder = tempFolder();
let made = 0;

function setup(...rollbacks: Rollback[]): { journal: Journal; entries: Entry[] } {
  const journal = new Journal(join(folder, `journal-${++made}`));
  const entries = rollbacks.map((rollback, at) =>
    journal.record({
      id: String(at),
      check: 'c',
      title: `step ${at + 1}`,
      access: 'control',
      rollback,
      clusterUid: 'u',
      bootId: bootId(),
      holder: { pid: 1, startTime: '1' },
      runId: 'r',
      dueMs: 0,
      dueAfterMs: 0,
      at: '',
    }),
  );
  return { journal, entries };
}

/** A step that cannot be undone. */
const powerless: Rollback = {
  kind: 'node-power',
  node: 'n',
  commands: { on: ['/bin/false'], state: ['true'], isOn: 'on', isOff: 'off', timeoutMs: 1_000 },
};

const fileRollback = (path: string, before: string | null, after: string | null): Rollback => ({
  kind: 'file',
  path,
  before: before === null ? null : Buffer.from(before).toString('base64'),
  afterSha256: after === null ? null : sha256(Buffer.from(after)),
});

test('undoes in reverse order: the oldest state wins', async () => {
  const path = join(folder, 'twice');
  writeFileSync(path, 'C');
  const { journal, entries } = setup(fileRollback(path, 'A', 'B'), fileRollback(path, 'B', 'C'));
  const report = await undoAll(entries, { journal, kube: null, clusterUid: 'u', retryForMs: 0 });
  assert.equal(readFileSync(path, 'utf8'), 'A');
  assert.deepEqual(report, { actions: 2, undone: ['step 2 (c)', 'step 1 (c)'], failed: [], conflicts: [] });
  assert.deepEqual(journal.open(), []);
});

test('undoes everything though the journal cannot be written, and says so', async () => {
  const [first, second] = [join(folder, 'unwritten-1'), join(folder, 'unwritten-2')];
  for (const path of [first, second]) writeFileSync(path, 'B');
  const { journal, entries } = setup(
    fileRollback(first, 'A', 'B'),
    powerless,
    fileRollback(second, 'A', 'B'),
  );
  journal.setState = () => {
    throw new Error('ENOSPC: no space left on device');
  };
  const report = await undoAll(entries, { journal, kube: null, clusterUid: 'u', retryForMs: 0 });
  assert.deepEqual([readFileSync(first, 'utf8'), readFileSync(second, 'utf8')], ['A', 'A']);
  assert.deepEqual(report.undone, ['step 3 (c)', 'step 1 (c)']);
  assert.equal(report.failed.length, 3);
  assert.match(report.failed[0] ?? '', /^step 3 \(c\): undone, but the journal cannot be written: ENOSPC/);
  assert.match(report.failed[1] ?? '', /^step 2 .*false.*; the journal cannot be written: ENOSPC/);
});

test('goes on past a failing step, keeps it open and says why', async () => {
  const path = join(folder, 'past');
  writeFileSync(path, 'B');
  const { journal, entries } = setup(fileRollback(path, 'A', 'B'), powerless);
  const report = await undoAll(entries, { journal, kube: null, clusterUid: 'u', retryForMs: 0 });
  assert.equal(readFileSync(path, 'utf8'), 'A');
  assert.match(report.failed.join(), /step 2 \(c\): \/bin\/false: exit 1/);
  assert.deepEqual(
    journal.open().map(({ seq, state }) => [seq, state]),
    [[2, 'failed']],
  );
});

test('leaves what someone else has changed, reports it once and does not come back to it', async () => {
  const path = join(folder, 'foreign');
  writeFileSync(path, 'theirs');
  const { journal, entries } = setup(fileRollback(path, 'A', 'B'));
  const report = await undoAll(entries, { journal, kube: null, clusterUid: 'u', retryForMs: 0 });
  assert.equal(readFileSync(path, 'utf8'), 'theirs');
  assert.match(report.failed.join(), /changed by someone else since/);
  assert.deepEqual(journal.open(), []);
});

test('a second time changes nothing', async () => {
  const path = join(folder, 'new-file');
  writeFileSync(path, 'made');
  const { journal, entries } = setup(fileRollback(path, null, 'made'));
  const context = { journal, kube: null, clusterUid: 'u', retryForMs: 0 };
  assert.equal((await undoAll(entries, context)).undone.length, 1);
  assert.equal(existsSync(path), false);
  assert.deepEqual(await undoAll(entries, context), { actions: 1, undone: [], failed: [], conflicts: [] });
});

test('what was done to another cluster is void', async () => {
  const path = join(folder, 'other-cluster');
  writeFileSync(path, 'B');
  const { journal, entries } = setup(fileRollback(path, 'A', 'B'));
  await undoAll(entries, { journal, kube: null, clusterUid: 'another', retryForMs: 0 });
  assert.equal(readFileSync(path, 'utf8'), 'B');
  assert.deepEqual(
    journal.entries().map(({ state }) => state),
    ['void'],
  );
});

test('what a restart of the machine has undone already is void', async () => {
  const { journal, entries } = setup({ kind: 'thaw', cgroup: '/sys/fs/cgroup/none' });
  const before = entries.map((entry) => ({ ...entry, bootId: 'an earlier boot' }));
  const report = await undoAll(before, { journal, kube: null, clusterUid: 'u', retryForMs: 0 });
  assert.deepEqual([report.undone, report.failed], [[], []]);
  assert.deepEqual(
    journal.entries().map(({ state, note }) => [state, note]),
    [['void', 'void: the machine was restarted since']],
  );
});

test('a static pod that was stopped is started, one that runs again is left alone', async (context) => {
  emptyFolderIn(context, 'PLUMBLINE_STATE');
  const node = nodeSpec('local-small', 'control-1');
  const removal = staticPodRemoval(node, 'kube-apiserver');
  mkdirSync(dirname(removal.from), { recursive: true });
  writeFileSync(removal.from, 'manifest');
  const { journal, entries } = setup({ kind: 'static-pod', ...removal });
  const options = { journal, kube: null, clusterUid: 'u', retryForMs: 0 };
  await stopStaticPod(node, 'kube-apiserver');
  assert.equal(existsSync(removal.from), false);
  await undoAll(entries, options);
  assert.equal(readFileSync(removal.from, 'utf8'), 'manifest');
  await undoAll(entries, options);
  assert.equal(readFileSync(removal.from, 'utf8'), 'manifest', 'undone twice, the server must still run');
  writeFileSync(removal.to, 'older');
  assert.match((await undoAll(entries, options)).failed.join(), /written again meanwhile/);
  assert.equal(readFileSync(removal.from, 'utf8'), 'manifest');
});

test('gives a node its power back though it still looks on, and is over only when it goes on saying so', async () => {
  const state = join(folder, 'power');
  writeFileSync(state, 'worker-on-1: on');
  // The order to switch it off was still on its way: the node goes off a moment after it was told to be on.
  const on = ['sh', '-c', `sleep 0.5 && echo 'worker-on-1: off' >${state} &`];
  const { journal, entries } = setup({
    kind: 'node-power',
    node: 'worker-on-1',
    commands: { on, state: ['cat', state], isOn: 'on', isOff: 'off', timeoutMs: 3_000 },
  });
  const report = await undoAll(entries, { journal, kube: null, clusterUid: 'u', retryForMs: 0 });
  assert.match(
    report.failed[0] ?? '',
    /did not print "on" 3 times in a row within 3 s; last output: "worker-on-1: off"/,
  );
  assert.equal(journal.open().length, 1);
});

test('is done with a machine that cannot be switched on once its Node is gone, unless it is said to be off', async () => {
  const restore = async (over: object, api: TestApi): Promise<[string | undefined, string | undefined]> => {
    const commands = {
      on: ['/bin/false'],
      state: ['echo', 'terminated'],
      isOn: 'running',
      isOff: 'stopped',
      timeoutMs: 300,
      ...over,
    };
    const { journal, entries } = setup({ kind: 'node-power', node: 'w-1', commands });
    const report = await undoAll(entries, { journal, kube: api.call, clusterUid: 'u', retryForMs: 0 });
    const [entry] = journal.entries();
    assert.equal(report.failed.length, entry?.state === 'void' ? 0 : 1);
    return [entry?.state, entry?.note];
  };
  const [state, note] = await restore({}, new TestApi());
  assert.equal(state, 'void');
  assert.match(note ?? '', /^void: the Node w-1 is gone, and its machine cannot be .*\/bin\/false: exit 1/);
  // A cloud may delete the Node of a machine that is off; and one that was told to be on may be on its way.
  assert.equal((await restore({ state: ['echo', 'stopped'] }, new TestApi()))[0], 'failed');
  assert.equal((await restore({ on: ['true'] }, new TestApi()))[0], 'failed');
  assert.equal((await restore({ on: ['/nowhere/cli'] }, new TestApi()))[0], 'failed');
  const [there, deaf] = [new TestApi(), new TestApi()];
  there.put('/api/v1/nodes/w-1', {});
  deaf.down = true;
  for (const api of [there, deaf]) assert.equal((await restore({}, api))[0], 'failed');
});

test('puts a stand-in for a model back to what it does at rest, as often as it is asked to', async () => {
  const told: unknown[] = [];
  const server = createServer((request, response) => {
    request.on('data', (part: Buffer) => told.push(JSON.parse(part.toString())));
    request.on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const rest = { delayMs: 300, failRatio: 0, status: 503 };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { journal, entries } = setup({ kind: 'stand-in', url, rest }, { kind: 'stand-in', url, rest });
  const report = await undoAll(entries, { journal, kube: null, clusterUid: 'u', retryForMs: 0 });
  server.closeAllConnections();
  server.close();
  assert.deepEqual(report.failed, []);
  assert.deepEqual(told, [rest, rest]);
});

test('puts a stand-in back though this machine was restarted since, unless it had run on it', async () => {
  const rest = { delayMs: 300, failRatio: 0, status: 503 };
  const away = { kind: 'stand-in', url: 'http://127.0.0.1:1', rest } as const;
  const { journal, entries } = setup(away, { ...away, embedded: false }, { ...away, embedded: true });
  const before = entries.map((entry) => ({ ...entry, bootId: 'an earlier boot' }));
  const report = await undoAll(before, { journal, kube: null, clusterUid: 'u', retryForMs: 0 });
  assert.equal(report.failed.length, 2);
  assert.deepEqual(
    journal.entries().map(({ state }) => state),
    ['failed', 'failed', 'void'],
  );
});
