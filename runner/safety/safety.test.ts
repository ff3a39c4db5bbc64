import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Ledger } from './ledger.ts';
import { openSafety, restoreEnvironment, safetyFolder, sha256 } from './index.ts';
import type { Safety, SafetyOptions } from './index.ts';
import { TestApi } from './test-api.ts';
import { MARK } from './undo-kube.ts';

process.env['XDG_STATE_HOME'] = mkdtempSync(join(tmpdir(), 'safety-'));
const opened: Safety[] = [];
after(async () => {
  for (const safety of opened) await safety.close();
});

let names = 0;
const options = (api: TestApi, environment = `env-${++names}`): SafetyOptions => ({
  environment,
  clusterUid: 'cluster',
  kube: readyJobs(api),
  runId: 'run-1',
  undoImage: 'image-with-node',
  restoreDeadlineMs: 60_000,
  notice: () => undefined,
});

/** Jobs are up at once. */
function readyJobs(api: TestApi): SafetyOptions['kube'] {
  return async (request) => {
    const reply = await api.call(request);
    const isJob = request.method === 'GET' && request.path.includes('/jobs/');
    return isJob ? { status: 200, body: { status: { ready: 1 } } } : reply;
  };
}

async function open(given: SafetyOptions): Promise<Safety> {
  const safety = await openSafety(given);
  opened.push(safety);
  return safety;
}

const NODE = '/api/v1/nodes/worker-1';
const nodeRef = { apiVersion: 'v1', kind: 'Node', name: 'worker-1' };

test('records the inverse on disk and in the cluster and arms the Job before it acts; close restores', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: { podCIDR: 'x' } });
  const given = options(api);
  const safety = await open(given);
  await safety.patch('topology/nodes/pools', nodeRef, { spec: { unschedulable: true } });
  const acted = api.requests.findIndex(({ method, path }) => method === 'PATCH' && path === NODE);
  const mirrored = api.requests.findIndex(
    ({ path, body }) =>
      path.includes('plumbline-ledger') && JSON.stringify(body ?? '').includes('unschedulable'),
  );
  const armed = api.requests.findIndex(({ method, path }) => method === 'POST' && path.endsWith('/jobs'));
  assert.ok(mirrored >= 0 && mirrored < acted, 'mirror before action');
  assert.ok(armed >= 0 && armed < acted, 'Job before action');
  assert.equal(new Ledger(safetyFolder(given.environment, undefined)).open().length, 1);
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
  // Somebody else: the ledger closes the entry, and no later restore tries it again.
  await api.call({ method: 'PATCH', path: NODE, body: { spec: { podCIDR: 'z' } }, timeoutMs: 1 });
  assert.equal((await safety.restore({ check: 'c' })).failed.length, 1);
  assert.deepEqual(safety.pending(), []);
  const report = await safety.close();
  assert.equal(report.failed.length, 1);
  assert.match(report.failed.join(), /worker-1.*\(c\): /);
});

test('once the lever is set it restores at once, whoever asks, and does nothing more', async () => {
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
  await assert.rejects(safety.patch('c', nodeRef, { spec: { other: 1 } }), /safety lever/);
  assert.deepEqual(safety.pending(), []);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], {});
});

test('whoever lost the Lease to another while it was paused restores nothing: the other one does', async (t) => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const safety = await open(options(api));
  await safety.patch('c', nodeRef, { spec: { unschedulable: true } });
  const lease = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
  api.put(lease, { spec: { holderIdentity: 'elsewhere/boot/1/2', renewTime: 'now' } });
  const real = process.hrtime;
  t.mock.method(process, 'hrtime', () => {
    const [seconds, nanos] = real();
    return [seconds + 11, nanos];
  });
  await assert.rejects(safety.patch('c', nodeRef, { spec: { other: 1 } }), /Lease|lever/);
  assert.match((await safety.restore()).failed.join(), /another process holds the environment now/);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], { unschedulable: true });
  api.put(lease, { spec: { holderIdentity: safety.identity, renewTime: 'now' } });
  assert.deepEqual((await safety.restore()).failed, []);
});

test('without a way to record the inverse in the cluster it does not act, and nothing is left to undo', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const given = options(api);
  const blocked: SafetyOptions['kube'] = (request) =>
    request.path.includes('plumbline-ledger') && request.method !== 'GET'
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
    if (request.method === 'PATCH' && request.path.includes('plumbline-ledger')) await gate.promise;
    return given.kube(request);
  };
  const safety = await open({ ...given, kube: slowMirror });
  const waiting = safety.patch('c', nodeRef, { spec: { unschedulable: true } });
  while (safety.pending().length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const restored = safety.restore({ check: 'c' });
  gate.resolve(undefined);
  await assert.rejects(waiting, /its check is being restored/);
  assert.deepEqual((await restored).failed, []);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], {});

  const path = '/api/v1/namespaces/c/pods/late';
  const acted = Promise.withResolvers<undefined>();
  const acting = safety.perform({
    check: 'c',
    title: 'pod made',
    access: 'control',
    inverses: [{ kind: 'kube-delete', path, mark: 'm' }],
    act: async () => {
      acted.resolve(undefined);
      await new Promise((resolve) => setTimeout(resolve, 50));
      api.put(path, { metadata: { annotations: { [MARK]: 'm' } } });
    },
  });
  await acted.promise;
  assert.deepEqual((await safety.restore({ check: 'c' })).undone, ['pod made (c)']);
  assert.equal(api.objects.has(path), false);
  await acting;
});

test('what took the API server away allows blindness only until it is undone and the API server has answered again', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const safety = await open(options(api));
  const blinding = { access: 'fault', controlPlane: true } as const;
  await safety.patch('c', nodeRef, { spec: { unschedulable: true } }, blinding);
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
    inverses: [],
    act: () => Promise.reject(new Error('acted')),
  };
  await assert.rejects(safety.perform(mutation), /no permit in this file/);
});

test('what a killed run left open is restored by the next start', async () => {
  const given = options(new TestApi());
  const file = join(mkdtempSync(join(tmpdir(), 'safety-file-')), 'f');
  writeFileSync(file, 'after');
  new Ledger(safetyFolder(given.environment, undefined)).record({
    id: 'x',
    check: 'c',
    title: 'file changed',
    access: 'control',
    inverse: {
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
    dueAt: '',
    at: '',
  });
  assert.deepEqual(await restoreEnvironment(given), {
    ...{ actions: 1, undone: ['file changed (c)'], failed: [], conflicts: [] },
  });
  assert.equal(readFileSync(file, 'utf8'), 'before');
});

const MIRROR = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-ledger';

/** A machine that died: its ledger is out of reach, what it did is in the cluster, and so is the mirror. */
function leftBy(api: TestApi, entries: unknown): void {
  api.put(MIRROR, { data: { holder: 'laptop-a', entries: JSON.stringify(entries) } });
}

const DELETED = '/api/v1/namespaces/x/configmaps/canary';
const LEFT = {
  ...{ seq: 1, title: 'canary made', check: 'c', state: 'pending', dueAt: '2026-01-01T00:00:00Z' },
  inverse: { kind: 'kube-delete', path: DELETED },
};
const mirrorOf = (api: TestApi): string =>
  (api.objects.get(MIRROR)?.['data'] as { entries: string } | undefined)?.entries ?? '';

test('begins nothing while another machine has something open, and touches neither it nor its mirror nor its Job', async () => {
  const api = new TestApi();
  api.put(DELETED, {});
  leftBy(api, [LEFT]);
  const before = mirrorOf(api);
  await assert.rejects(openSafety(options(api)), (error: Error & { exitCode?: number }) => {
    assert.equal(error.exitCode, 75);
    assert.match(error.message, /laptop-a has left open in this cluster: canary made\. Nothing was begun/);
    return true;
  });
  assert.equal(mirrorOf(api), before);
  assert.equal(api.objects.has(DELETED), true);
  assert.deepEqual(
    api.requests.filter(({ method, path }) => method === 'DELETE' && path.includes('/jobs')),
    [],
  );
});

test('does not take its own entries for those of another machine', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const given = options(api);
  const safety = await openSafety(given);
  await safety.patch('topology/nodes/pools', nodeRef, { spec: { unschedulable: true } });
  const mirrored = JSON.parse(mirrorOf(api)) as unknown[];
  assert.equal(mirrored.length, 1);
  await safety.close();
  // As after a run that was killed and undone by its timers, which do not write the mirror.
  leftBy(api, mirrored);
  await (await openSafety(given)).close();
});

test('begins nothing when it cannot be known what another machine has left', async () => {
  const api = new TestApi();
  const given = options(api);
  const refusing: SafetyOptions['kube'] = (request) =>
    request.method === 'GET' && request.path === MIRROR
      ? Promise.resolve({ status: 403, body: {} })
      : given.kube(request);
  await assert.rejects(
    openSafety({ ...given, kube: refusing }),
    /plumbline-ledger says .* cannot be read \(403\)/,
  );
  leftBy(api, { not: 'a list' });
  await assert.rejects(openSafety(options(api)), /cannot be read \(200\)/);
});

test('whoever lost the Lease to another leaves the mirror and the Jobs of that one alone', async (t) => {
  const api = new TestApi();
  api.put(NODE, { spec: {} });
  const safety = await openSafety(options(api));
  await safety.patch('c', nodeRef, { spec: { unschedulable: true } });
  await safety.restore();
  const lease = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
  api.put(lease, { spec: { holderIdentity: 'elsewhere/boot/1/2', renewTime: 'now' } });
  leftBy(api, [LEFT]);
  const theirs = mirrorOf(api);
  const real = process.hrtime;
  t.mock.method(process, 'hrtime', () => {
    const [seconds, nanos] = real();
    return [seconds + 11, nanos];
  });
  const before = api.requests.length;
  await safety.close();
  assert.equal(mirrorOf(api), theirs);
  const deleted = api.requests.slice(before).filter(({ method }) => method === 'DELETE');
  assert.deepEqual(deleted, []);
});
