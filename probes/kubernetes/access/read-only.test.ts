import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { ReadingApiServer } from '../_testing/reading-api-server.ts';
import { openCluster, ReadOnlyError, ReadOnlyGuard } from '../index.ts';
import type { KubeCluster } from '../index.ts';
import type { Request } from '../transport.ts';

const POD = '/api/v1/namespaces/tender/pods/postgres-0';
const pod = { apiVersion: 'v1', kind: 'Pod', name: 'postgres-0', namespace: 'tender' };
const folder = mkdtempSync(join(tmpdir(), 'plumbline-read-only-'));
const over = new AbortController();
let api: ReadingApiServer;
let guard: ReadOnlyGuard;
let cluster: KubeCluster;

before(async () => {
  api = await ReadingApiServer.start();
  writeFileSync(join(folder, 'kubeconfig'), api.kubeconfig);
});
beforeEach(() => {
  api.asked.length = 0;
  guard = new ReadOnlyGuard();
  cluster = openCluster({ kubeconfig: join(folder, 'kubeconfig'), signal: over.signal, readOnly: guard });
});
afterEach(() => cluster.close());
after(async () => {
  over.abort();
  await api.stop();
  rmSync(folder, { recursive: true });
});

const admits = (method: Request['method'], path: string): boolean => {
  try {
    new ReadOnlyGuard().admit({ method, path });
    return true;
  } catch (error) {
    assert.ok(error instanceof ReadOnlyError);
    return false;
  }
};

test('should let reads through, and questions about the own rights', () => {
  const reviews = '/apis/authorization.k8s.io/v1/selfsubject';
  for (const path of [
    '/version',
    '/api/v1/pods?watch=1',
    POD,
    `${POD}/log?tailLines=5`,
    '/api/v1/namespaces/exec/pods',
  ])
    assert.ok(admits('GET', path), path);
  for (const what of ['accessreviews', 'rulesreviews']) assert.ok(admits('POST', `${reviews}${what}`), what);
});

test('should refuse every verb that changes something', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) assert.ok(!admits(method, POD), method);
  for (const path of [
    '/api/v1/namespaces',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    '/apis/authorization.k8s.io/v1/namespaces/tender/localsubjectaccessreviews',
    '/api/v1/namespaces/selfsubjectaccessreviews',
  ])
    assert.ok(!admits('POST', path), path);
});

test('should refuse what acts though it is a GET', () => {
  for (const sub of ['exec?command=date', 'attach', 'portforward?ports=5432', 'proxy/delete'])
    assert.ok(!admits('GET', `${POD}/${sub}`), sub);
  assert.ok(!admits('GET', '/api/v1/namespaces/tender/services/http:tender-api:80/proxy/'));
  assert.ok(!admits('GET', '/api/v1/nodes/worker-1/proxy/pods'));
});

test('should carry nothing of a change to the API server, and remember what was tried', async () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'tender' } };
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', namespace: 'tender' };
  const command = {
    namespace: 'tender',
    pod: 'postgres-0',
    container: 'c',
    command: ['date'],
    timeoutMs: 1000,
  };
  const to = { namespace: 'tender', pod: 'postgres-0', port: 5432 };
  const tries: Record<string, () => Promise<unknown>> = {
    create: () => cluster.client.create(object),
    replace: () => cluster.client.replace(object),
    apply: () => cluster.apply([object]),
    patch: () => cluster.patch(ref, {}),
    delete: () => cluster.delete([pod]),
    exec: () => cluster.exec(command),
    forward: () => cluster.forward(to, { deadlineMs: 1000 }),
    raw: () => cluster.raw(`${POD}/proxy/`),
  };
  for (const [what, attempt] of Object.entries(tries)) await assert.rejects(attempt, ReadOnlyError, what);
  assert.deepEqual(api.asked, []);
  assert.deepEqual(guard.tried, [
    'POST /api/v1/namespaces/tender/configmaps',
    'PUT /api/v1/namespaces/tender/configmaps/c',
    'PATCH /api/v1/namespaces/tender/configmaps/c',
    `DELETE ${POD}`,
    `GET ${POD}/exec`,
    `GET ${POD}/portforward`,
    `GET ${POD}/proxy/`,
  ]);
});

test('should read as ever, and ask about rights', async () => {
  api.lists.set('/api/v1/namespaces', [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'u' } },
  ]);
  assert.equal((await cluster.pin()).uid, 'u');
  assert.equal(await cluster.version(), 'v1.34.0');
  assert.equal((await cluster.list({ kind: 'v1/Namespace' })).items.length, 1);
  const asked = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: {} };
  assert.deepEqual(await cluster.client.review(asked), { allowed: true });
  assert.deepEqual(guard.tried, []);
});

test('should name the right that is missing, and go on', async () => {
  const { items, unavailable } = await cluster.list({ kind: 'v1/Node' });
  assert.deepEqual(items, []);
  assert.match(unavailable ?? '', /^forbidden: .*cannot list resource "nodes" in API group ""/);
});
