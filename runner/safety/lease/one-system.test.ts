import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockedError } from '../../../env/providers/provider.ts';
import { TestApi } from '../_testing/api.ts';
import { safetyOptions } from '../_testing/safety.ts';
import { openSafety, safetyFolder } from '../index.ts';
import { Journal } from '../journal/journal.ts';
import type { KubeCall } from '../types.ts';
import { ENTRY_ANNOTATION, textAt } from '../timers/undo-kube.ts';
import { refuseOtherSystem } from './one-system.ts';

const OWN = 'plumbline-system';
const OTHER = 'team-b-plumbline';
const lease = (namespace: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/plumbline`;

/** A cluster with these namespaces of Plumbline. */
function callIn(api: TestApi, names: readonly string[] = [OWN, 'plumbline-canary', OTHER]): KubeCall {
  return (request) =>
    request.path.startsWith('/api/v1/namespaces?labelSelector=')
      ? Promise.resolve({ status: 200, body: { items: names.map((name) => ({ metadata: { name } })) } })
      : api.call(request);
}

test('should refuse a cluster where another namespace has a Lease, whoever holds it', async () => {
  const api = new TestApi();
  const place = { kube: callIn(api), namespace: OWN };
  api.put(lease(OWN), {});
  await refuseOtherSystem(place);
  api.put(lease(OTHER), { spec: { holderIdentity: '' } });
  await assert.rejects(refuseOtherSystem(place), (error: unknown) => {
    assert.ok(error instanceof BlockedError);
    assert.match(error.message, /^the namespace team-b-plumbline has a Lease .* delete lease plumbline$/);
    return true;
  });
});

test('should look at nothing where it may not', async () => {
  const kube: KubeCall = () => Promise.resolve({ status: 403, body: { message: 'forbidden' } });
  await refuseOtherSystem({ kube, namespace: OWN });
});

test('should not take silence, or an answer that says nothing, for a cluster that nobody holds', async () => {
  const answers: readonly (readonly [KubeCall, RegExp])[] = [
    [() => Promise.reject(new Error('no answer within 5 s')), /no answer within 5 s/],
    [() => Promise.resolve({ status: 503, body: {} }), /namespaces\?\S+ answered 503/],
    [() => Promise.resolve({ status: 200, body: 'from a proxy' }), /something else than was asked for/],
  ];
  for (const [answer, why] of answers) {
    let looks = 0;
    const kube: KubeCall = (request) => {
      looks++;
      return answer(request);
    };
    await assert.rejects(refuseOtherSystem({ kube, namespace: OWN, pauseMs: 1 }), (error: unknown) => {
      assert.ok(error instanceof BlockedError);
      assert.match(
        error.message,
        /^it is not known whether another namespace than plumbline-system has a Lease/,
      );
      assert.match(error.message, why);
      return true;
    });
    assert.equal(looks, 4);
  }
});

test('should look again where an answer is late', async () => {
  const api = new TestApi();
  api.put(lease(OTHER), {});
  const answer = callIn(api);
  let looks = 0;
  const kube: KubeCall = (request) =>
    ++looks === 1 ? Promise.reject(new Error('no answer within 5 s')) : answer(request);
  await assert.rejects(
    refuseOtherSystem({ kube, namespace: OWN, pauseMs: 1 }),
    /^BlockedError: the namespace team-b/,
  );
});

test('should keep out a run that disturbs, which gives its own Lease back, and no other', async () => {
  const api = new TestApi();
  const given = safetyOptions(api);
  const answer = callIn(api);
  const kube: KubeCall = (request) =>
    request.path.includes('labelSelector') && request.method === 'GET'
      ? answer(request)
      : given.kube(request);
  api.put(lease(OTHER), {});
  await assert.rejects(openSafety({ ...given, kube, disturbs: true }), BlockedError);
  assert.equal(textAt(api.objects.get(lease(OWN)), 'spec', 'holderIdentity'), '');
  await (await openSafety({ ...given, kube })).close();
});

test('should undo what this machine left open before it refuses: the next run restores', async () => {
  const api = new TestApi();
  const given = safetyOptions(api);
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
  const answer = callIn(api);
  const kube: KubeCall = (request) => {
    if (request.path.includes(OTHER)) api.put(lease(OTHER), {});
    const listing = request.path.includes('labelSelector') && request.method === 'GET';
    return listing ? answer(request) : given.kube(request);
  };
  await assert.rejects(openSafety({ ...given, kube, disturbs: true }), BlockedError);
  assert.equal(api.objects.has(path), false);
  assert.deepEqual(new Journal(safetyFolder(given.environment, undefined)).open(), []);
  assert.equal(textAt(api.objects.get(lease(OWN)), 'spec', 'holderIdentity'), '');
});
