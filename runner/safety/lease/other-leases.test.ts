import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockedError } from '../../../env/providers/provider.ts';
import { TestApi } from '../_testing/api.ts';
import { safetyOptions } from '../_testing/safety.ts';
import { HeldError } from '../errors.ts';
import { openSafety, safetyFolder } from '../index.ts';
import { Journal } from '../journal/journal.ts';
import type { KubeCall } from '../types.ts';
import { ENTRY_ANNOTATION, textAt } from '../timers/undo-kube.ts';
import { otherLeases, refuseWhileOtherHolds } from './other-leases.ts';

const OWN = 'plumbline-system';
const OTHER = 'team-b-plumbline';
const lease = (namespace: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/plumbline`;
const held = { spec: { holderIdentity: 'host-b/boot/1/2\u001b[2K', leaseDurationSeconds: 0.1 } };

/** A cluster with these namespaces of Plumbline. */
function callIn(api: TestApi, names: readonly string[] = [OWN, 'plumbline-canary', OTHER]): KubeCall {
  return (request) =>
    request.path.startsWith('/api/v1/namespaces?labelSelector=')
      ? Promise.resolve({ status: 200, body: { items: names.map((name) => ({ metadata: { name } })) } })
      : api.call(request);
}

test('should see who holds a Lease in another namespace, and not ours or one that was given back', async () => {
  const api = new TestApi();
  const kube = callIn(api);
  api.put(lease(OWN), held);
  assert.deepEqual(await otherLeases(kube, OWN), []);
  api.put(lease(OTHER), { spec: { holderIdentity: '' } });
  assert.deepEqual(await otherLeases(kube, OWN), []);
  api.put(lease(OTHER), held);
  const [other, ...more] = await otherLeases(kube, OWN);
  assert.deepEqual([other?.namespace, other?.holder, more], [OTHER, 'host-b/boot/1/2\ufffd[2K', []]);
});

test('should look at nothing where it may not', async () => {
  const kube: KubeCall = () => Promise.resolve({ status: 403, body: { message: 'forbidden' } });
  assert.deepEqual(await otherLeases(kube, OWN), []);
  await refuseWhileOtherHolds({ kube, namespace: OWN });
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
    await assert.rejects(refuseWhileOtherHolds({ kube, namespace: OWN, pauseMs: 1 }), (error: unknown) => {
      assert.ok(error instanceof BlockedError);
      assert.match(error.message, /^it is not known whether a run of another environment file holds/);
      assert.match(error.message, why);
      return true;
    });
    assert.equal(looks, 4);
  }
});

test('should look again where an answer is late, also for the Lease that it has seen held', async () => {
  const api = new TestApi();
  const answer = callIn(api);
  /** @param late which requests get no answer, the first is 1; the other run renews before each */
  const looking = (late: (index: number) => boolean, second: number | null = null): Promise<void> => {
    let index = 0;
    const kube: KubeCall = (request) => {
      api.put(lease(OTHER), held);
      index++;
      if (late(index)) return Promise.reject(new Error('no answer within 5 s'));
      return second !== null && index > 3 ? Promise.resolve({ status: second, body: {} }) : answer(request);
    };
    return refuseWhileOtherHolds({ kube, namespace: OWN, pauseMs: 1 });
  };
  // The list, the Leases of the canaries' namespace and of the other; then the latter again.
  await assert.rejects(
    looking((index) => index === 1),
    HeldError,
  );
  await assert.rejects(
    looking((index) => index === 4 || index === 5),
    HeldError,
  );
  await assert.rejects(
    looking((index) => index > 3),
    BlockedError,
  );
  await assert.rejects(
    looking(() => false, 403),
    /which host-b\S+ held, may not be read any more/,
  );
  await looking(() => false, 404);
});

test('should refuse while the other run renews its Lease, and not wait for ever for one that died', async (t) => {
  const api = new TestApi();
  const place = { kube: callIn(api), namespace: OWN };
  api.put(lease(OTHER), held);
  await refuseWhileOtherHolds(place);
  const renewing = setInterval(() => api.put(lease(OTHER), held), 5);
  t.after(() => clearInterval(renewing));
  await assert.rejects(refuseWhileOtherHolds(place), (error: unknown) => {
    assert.ok(error instanceof HeldError);
    assert.equal(error.exitCode, 75);
    assert.match(error.message, /another environment file, host-b\/.*the Lease team-b-plumbline\/plumbline;/);
    return true;
  });
});

test('should keep out a run that disturbs, which gives its own Lease back, and no other', async (t) => {
  const api = new TestApi();
  const given = safetyOptions(api);
  const answer = callIn(api);
  const kube: KubeCall = (request) =>
    request.path.includes('labelSelector') && request.method === 'GET'
      ? answer(request)
      : given.kube(request);
  api.put(lease(OTHER), held);
  const renewing = setInterval(() => api.put(lease(OTHER), held), 5);
  t.after(() => clearInterval(renewing));
  await assert.rejects(openSafety({ ...given, kube, disturbs: true }), HeldError);
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
    if (request.path.includes(OTHER)) api.put(lease(OTHER), held);
    const listing = request.path.includes('labelSelector') && request.method === 'GET';
    return listing ? answer(request) : given.kube(request);
  };
  await assert.rejects(openSafety({ ...given, kube, disturbs: true }), HeldError);
  assert.equal(api.objects.has(path), false);
  assert.deepEqual(new Journal(safetyFolder(given.environment, undefined)).open(), []);
  assert.equal(textAt(api.objects.get(lease(OWN)), 'spec', 'holderIdentity'), '');
});
