import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { Journal } from './journal/journal.ts';
import { restoreEnvironment, safetyFolder, sha256 } from './index.ts';
import type { SafetyOptions } from './index.ts';
import { TestApi } from './_testing/api.ts';
import { NODE, nodeRef, openForTest as open, safetyOptions as options } from './_testing/safety.ts';
import { leftBy, mirrorOf } from './journal/_testing/left.ts';
import { ENTRY_ANNOTATION } from './timers/undo-kube.ts';
import { HOST_TIMER_FILE } from './timers/host-timer.ts';
import { clockAhead } from './_testing/clock.ts';

test('records the rollback on disk and in the cluster and arms the Job before it acts; close restores', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: { podCIDR: 'x' } });
  const given = options(api);
  const safety = await open(given);
  await safety.patch('topology/nodes/pools', nodeRef, { spec: { unschedulable: true } });
  const acted = api.requests.findIndex(({ method, path }) => method === 'PATCH' && path === NODE);
  const mirrored = api.requests.findIndex(
    ({ path, body }) =>
      path.includes('plumbline-journal') && JSON.stringify(body ?? '').includes('unschedulable'),
  );
  const armed = api.requests.findIndex(({ method, path }) => method === 'POST' && path.endsWith('/jobs'));
  assert.ok(mirrored >= 0 && mirrored < acted, 'mirror before action');
  assert.ok(armed >= 0 && armed < acted, 'Job before action');
  assert.equal(new Journal(safetyFolder(given.environment, undefined)).open().length, 1);
  const report = await safety.close();
  assert.deepEqual(report.failed, []);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], { podCIDR: 'x' });
});

test('what was created is deleted; what the check removed itself is settled; what was deleted comes back', async () => {
  const api = new TestApi();
  const service = '/api/v1/namespaces/tender/services/postgres';
  api.put(service, { apiVersion: 'v1', kind: 'Service', spec: { port: 1 }, status: { ip: 'x' } });
  const safety = await open(options(api));
  const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'c' } });
  await safety.apply('c', [pod('a'), pod('b')]);
  await safety.remove('c', [{ apiVersion: 'v1', kind: 'Pod', namespace: 'c', name: 'a' }]);
  assert.equal(safety.pending().length, 1);
  await safety.remove('c', [{ apiVersion: 'v1', kind: 'Service', namespace: 'tender', name: 'postgres' }], {
    access: 'control',
  });
  assert.equal(api.objects.has(service), false);
  await safety.close();
  assert.equal(api.objects.has('/api/v1/namespaces/c/pods/b'), false);
  assert.deepEqual(api.objects.get(service)?.['spec'], { port: 1 });
  assert.equal('status' in (api.objects.get(service) ?? {}), false);
});

test('false verdict 25: what could not be undone in the middle of a run is still known at its end', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: { podCIDR: 'x' } });
  const safety = await open(options(api));
  await safety.patch('c', nodeRef, { spec: { podCIDR: 'y' } });
  // Somebody else: the journal closes the entry, and no later restore tries it again.
  await api.call({ method: 'PATCH', path: NODE, body: { spec: { podCIDR: 'z' } }, timeoutMs: 1 });
  assert.equal((await safety.restore({ check: 'c' })).failed.length, 1);
  assert.deepEqual(safety.pending(), []);
  const report = await safety.close();
  assert.equal(report.failed.length, 1);
  assert.match(report.failed.join(), /worker-1.*\(c\): /);
});

test('what takes longer than others before it is due says so in the journal and in the mirror', async () => {
  const api = new TestApi();
  const given = options(api);
  const safety = await open(given);
  const of = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'c' } });
  await safety.apply('c', [of('usual')]);
  await safety.apply('c', [of('long')], { access: 'canary', dueAfterMs: 7_200_000 });
  const lengths = [given.restoreDeadlineMs, 7_200_000];
  assert.deepEqual(
    safety.pending().map(({ dueAfterMs }) => dueAfterMs),
    lengths,
  );
  const [usual, long] = safety.pending().map(({ dueMs }) => dueMs);
  assert.ok((long ?? 0) - (usual ?? 0) >= 7_200_000 - given.restoreDeadlineMs);
  const mirrored = JSON.parse(mirrorOf(api)) as { dueAfterMs: number }[];
  assert.deepEqual(
    mirrored.map(({ dueAfterMs }) => dueAfterMs),
    lengths,
  );
});

test('once the kill switch is set it restores at once, whoever asks, and does nothing more', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const safety = await open(options(api));
  await safety.patch('c', nodeRef, { spec: { unschedulable: true } });
  api.put('/api/v1/namespaces/plumbline-system/configmaps/plumbline-stop', {});
  await new Promise((resolve) => safety.stopped.addEventListener('abort', resolve, { once: true }));
  // Nobody has asked for it.
  const since = performance.now();
  while (safety.pending().length > 0 && performance.now() - since < 2_000)
    await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(api.objects.get(NODE)?.['spec'], {});
  await assert.rejects(safety.patch('c', nodeRef, { spec: { other: 1 } }), /kill switch/);
  assert.deepEqual(safety.pending(), []);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], {});
});

test('asks again right before it acts: what was permitted while it was prepared may not be any more', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  let asked = 0;
  const permit = () => (++asked === 1 ? null : 'the permit has ended');
  const safety = await open({ ...options(api), permit });
  await assert.rejects(safety.patch('c', nodeRef, { spec: { unschedulable: true } }), /the permit has ended/);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], {});
  assert.deepEqual(safety.pending(), []);
});

test('whoever lost the Lease to another while it was paused restores nothing: the other one does', async (t) => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const safety = await open(options(api));
  await safety.patch('c', nodeRef, { spec: { unschedulable: true } });
  const lease = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
  api.put(lease, { spec: { holderIdentity: 'elsewhere/boot/1/2', renewTime: 'now' } });
  clockAhead(t, 11);
  await assert.rejects(safety.patch('c', nodeRef, { spec: { other: 1 } }), /Lease|kill switch/);
  assert.match((await safety.restore()).failed.join(), /another process holds the environment now/);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], { unschedulable: true });
  api.put(lease, { spec: { holderIdentity: safety.identity, renewTime: 'now' } });
  assert.deepEqual((await safety.restore()).failed, []);
});

test('whoever cannot tell whether it lost the Lease undoes, and writes nothing over the mirror of the one who has it', async (t) => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const given = options(api);
  let silent = 0;
  const kube: SafetyOptions['kube'] = (request) =>
    request.path.endsWith('/leases/plumbline') && silent-- > 0
      ? Promise.reject(new Error('connect ECONNREFUSED'))
      : given.kube(request);
  const notices: string[] = [];
  const safety = await open({ ...given, kube, notice: (line) => notices.push(line) });
  await safety.patch('c', nodeRef, { spec: { unschedulable: true } });
  const lease = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
  api.put(lease, { spec: { holderIdentity: 'elsewhere/boot/1/2', renewTime: 'now' } });
  leftBy(api, [{ id: 'of the other' }]);
  const theirs = mirrorOf(api);
  clockAhead(t, 11);
  // Asked first, the API server is silent; after the undoing it answers.
  silent = 1;
  assert.deepEqual((await safety.restore()).failed, []);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], {});
  assert.equal(mirrorOf(api), theirs);
  silent = Infinity;
  const jobs = () => api.requests.filter(({ method, path }) => method === 'DELETE' && path.includes('/jobs'));
  const before = jobs().length;
  await safety.close();
  assert.equal(mirrorOf(api), theirs);
  assert.equal(jobs().length, before, 'nobody else has an undo Job removed');
});

test('an end at which nobody knows who holds the Lease leaves undo Job and mirror alone, and says so', async (t) => {
  const api = new TestApi();
  const given = options(api);
  let silent = false;
  const kube: SafetyOptions['kube'] = (request) =>
    silent && request.path.endsWith('/leases/plumbline')
      ? Promise.reject(new Error('connect ECONNREFUSED'))
      : given.kube(request);
  const notices: string[] = [];
  const safety = await open({ ...given, kube, notice: (line) => notices.push(line) });
  const before = api.requests.length;
  silent = true;
  clockAhead(t, 11);
  await safety.close();
  assert.match(notices.join('\n'), /holds the Lease by now is unknown/);
  const since = api.requests.slice(before).map(({ path }) => path);
  assert.deepEqual(
    since.filter((path) => /plumbline-journal|\/jobs/.test(path)),
    [],
  );
});

test('an end at which nobody holds the Lease any more takes what was undone out of the mirror, and nothing of others', async (t) => {
  const lease = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
  const freed = [
    (api: TestApi) => api.put(lease, { spec: { holderIdentity: '' } }),
    (api: TestApi) => api.objects.delete(lease),
  ];
  for (const free of freed) {
    const api = new TestApi();
    api.put(NODE, { spec: {} });
    const notices: string[] = [];
    const safety = await open({ ...options(api), notice: (line) => notices.push(line) });
    await safety.patch('c', nodeRef, { spec: { unschedulable: true } });
    const ours = JSON.parse(mirrorOf(api)) as { id: string }[];
    const theirs = { id: 'of the other', rollback: { kind: 'node-power', node: 'n' } };
    leftBy(api, [...ours, theirs]);
    clockAhead(t, 11);
    free(api);
    await safety.close();
    t.mock.restoreAll();
    assert.equal(ours.length, 1);
    assert.deepEqual(JSON.parse(mirrorOf(api)), [theirs]);
    assert.doesNotMatch(notices.join('\n'), /mirror/);
  }
});

test('without a way to record the rollback in the cluster it does not act, and nothing is left to undo', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const given = options(api);
  const blocked: SafetyOptions['kube'] = (request) =>
    request.path.includes('plumbline-journal') && request.method !== 'GET'
      ? Promise.reject(new Error('etcdserver: no space'))
      : given.kube(request);
  const safety = await open({ ...given, kube: blocked });
  await assert.rejects(
    safety.patch('c', nodeRef, { spec: { unschedulable: true } }),
    /cannot be recorded in the cluster: etcdserver: no space/,
  );
  assert.deepEqual(api.objects.get(NODE)?.['spec'], {});
  assert.deepEqual(safety.pending(), []);
});

test('restoring waits for what is under way: what has not begun will not, what has begun is undone after its end', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const given = options(api);
  const gate = Promise.withResolvers<undefined>();
  const slowMirror: SafetyOptions['kube'] = async (request) => {
    if (request.method === 'PATCH' && request.path.includes('plumbline-journal')) await gate.promise;
    return given.kube(request);
  };
  const safety = await open({ ...given, kube: slowMirror });
  const waiting = safety.patch('c', nodeRef, { spec: { unschedulable: true } });
  while (safety.pending().length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const restored = safety.restore({ check: 'c' });
  gate.resolve(undefined);
  await assert.rejects(waiting, /what the check did is being undone/);
  assert.deepEqual((await restored).failed, []);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], {});

  const path = '/api/v1/namespaces/c/pods/late';
  const acted = Promise.withResolvers<undefined>();
  const acting = safety.perform({
    check: 'c',
    title: 'pod made',
    access: 'control',
    rollbacks: [{ kind: 'kube-delete', path, marker: 'm' }],
    act: async () => {
      acted.resolve(undefined);
      await new Promise((resolve) => setTimeout(resolve, 50));
      api.put(path, { metadata: { annotations: { [ENTRY_ANNOTATION]: 'm' } } });
    },
  });
  await acted.promise;
  assert.deepEqual((await safety.restore({ check: 'c' })).undone, ['pod made (c)']);
  assert.equal(api.objects.has(path), false);
  await acting;
});

test('nothing begins for a check that has ended, until it is begun again', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const safety = await open(options(api));
  const cordon = () => safety.patch('c', nodeRef, { spec: { unschedulable: true } }, { access: 'fault' });
  safety.endCheck('c');
  await safety.restore({ check: 'c' });
  await assert.rejects(cordon(), /not begun, since the check has ended/);
  assert.deepEqual([api.objects.get(NODE)?.['spec'], safety.pending()], [{}, []]);
  await safety.patch('another', nodeRef, { spec: { other: 1 } });
  safety.beginCheck('c');
  await cordon();
  assert.deepEqual(api.objects.get(NODE)?.['spec'], { other: 1, unschedulable: true });
});

test('what took the API server away allows an observation gap only until it is undone and the API server has answered again', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const safety = await open(options(api));
  const onControlPlane = { access: 'fault', controlPlane: true } as const;
  await safety.patch('c', nodeRef, { spec: { unschedulable: true } }, onControlPlane);
  api.down = true;
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.equal(safety.stopped.aborted, false);
  api.down = false;
  assert.deepEqual((await safety.restore({ check: 'another' })).actions, 0);
  assert.deepEqual((await safety.restore({ check: 'c' })).failed, []);
  const reads = () => api.requests.filter(({ path }) => path.endsWith('/configmaps/plumbline-stop')).length;
  const before = reads();
  while (reads() < before + 2) await new Promise((resolve) => setTimeout(resolve, 20));
  api.down = true;
  await Promise.race([
    new Promise((resolve) => safety.stopped.addEventListener('abort', resolve, { once: true })),
    new Promise((resolve) => setTimeout(resolve, 5_000)),
  ]);
  api.down = false;
  assert.match(String(safety.stopped.reason), /could not be read/);
});

test('what is not permitted is refused before anything is recorded', async () => {
  const api = new TestApi();
  const safety = await open({
    ...options(api),
    permit: ({ fault }) => (fault === 'pod-crash' ? 'no permit in this file' : null),
  });
  const mutation = {
    check: 'c',
    title: 't',
    access: 'fault' as const,
    fault: 'pod-crash',
    rollbacks: [],
    act: () => Promise.reject(new Error('acted')),
  };
  await assert.rejects(safety.perform(mutation), /no permit in this file/);
});

test('what a killed run left open is restored by the next start', async () => {
  const given = options(new TestApi());
  const file = join(tempFolder(), 'f');
  writeFileSync(file, 'after');
  new Journal(safetyFolder(given.environment, undefined)).record({
    id: 'x',
    check: 'c',
    title: 'file changed',
    access: 'control',
    rollback: {
      kind: 'file',
      path: file,
      before: Buffer.from('before').toString('base64'),
      afterSha256: sha256(Buffer.from('after')),
    },
    clusterUid: 'cluster',
    bootId: 'an earlier boot',
    holder: { pid: 1, startTime: '1' },
    runId: 'r',
    dueMs: 0,
    dueAfterMs: 0,
    at: '',
  });
  assert.deepEqual(await restoreEnvironment(given), {
    actions: 1,
    undone: ['file changed (c)'],
    failed: [],
    conflicts: [],
  });
  assert.equal(readFileSync(file, 'utf8'), 'before');
});

test('a restore undoes though the kill switch is set, names what it undid, and says that the switch is set', async () => {
  const api = new TestApi();
  const notices: string[] = [];
  const given = { ...options(api), notice: (line: string) => notices.push(line) };
  const path = '/api/v1/namespaces/c/pods/left';
  api.put(path, { metadata: { annotations: { [ENTRY_ANNOTATION]: 'm' } } });
  new Journal(safetyFolder(given.environment, undefined)).record({
    id: 'x',
    check: 'c',
    title: 'pod made',
    access: 'canary',
    clusterUid: 'cluster',
    runId: 'r',
    rollback: { kind: 'kube-delete', path, marker: 'm' },
    bootId: 'b',
    holder: { pid: 1, startTime: '1' },
    dueMs: 0,
    dueAfterMs: 0,
    at: '',
  });
  const kill = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-stop';
  api.put(kill, { data: { reason: 'maintenance' } });
  const report = await restoreEnvironment(given);
  assert.deepEqual([report.undone, report.failed], [['pod made (c)'], []]);
  assert.equal(api.objects.has(path), false);
  assert.match(
    notices.join('\n'),
    /plumbline-stop: it is set \("maintenance"\).*what is open is undone all the same/,
  );
  // Who would do something new is refused as before.
  await assert.rejects(open(given), /kill switch/);
});

test('false verdict 25: what was not restored is told though the mirror and the timers cannot be cleared', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: { podCIDR: 'x' } });
  const notices: string[] = [];
  const given = { ...options(api), notice: (message: string) => notices.push(message) };
  const safety = await open(given);
  await safety.patch('c', nodeRef, { spec: { podCIDR: 'y' } });
  await api.call({ method: 'PATCH', path: NODE, body: { spec: { podCIDR: 'z' } }, timeoutMs: 1 });
  // A folder where the file of a timer is: it can neither be read nor removed.
  const odd = join(safetyFolder(given.environment, undefined), HOST_TIMER_FILE);
  mkdirSync(odd, { recursive: true });
  const report = await safety.close();
  assert.equal(report.failed.length, 1);
  assert.match(notices.join('\n'), /could not be cleared/);
  rmSync(odd, { recursive: true });
  // The environment is given back.
  await (await open(given)).close();
});
