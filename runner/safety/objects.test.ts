import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestApi } from './_testing/api.ts';
import { clockAhead } from './_testing/clock.ts';
import { openForTest as open, safetyOptions as options } from './_testing/safety.ts';

const CLAIM = '/api/v1/namespaces/c/persistentvolumeclaims/persist';
const ref = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'c', name: 'persist' };
const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'persist', namespace: 'c' },
};

/** An API server with a claim that somebody has deleted and that a finalizer still keeps. */
function withClaimGoing(): TestApi {
  const api = new TestApi();
  const metadata = { deletionTimestamp: 't', finalizers: ['kubernetes.io/pvc-protection'] };
  api.put(CLAIM, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata });
  return api;
}

test('waits for an object that is being deleted to be gone, and then creates it', async () => {
  const api = withClaimGoing();
  const given = options(api);
  let looks = 0;
  const safety = await open({
    ...given,
    kube: (request) => {
      if (request.method === 'GET' && request.path === CLAIM && ++looks === 2) api.objects.delete(CLAIM);
      return given.kube(request);
    },
  });
  await safety.apply('c', [claim]);
  assert.equal(looks, 2);
  assert.equal(api.objects.get(CLAIM)?.metadata['deletionTimestamp'], undefined);
  assert.deepEqual(
    safety.pending().map(({ rollback }) => rollback.kind),
    ['kube-delete'],
  );
});

test('says so where an object that is being deleted stays, and changes nothing', async (t) => {
  const api = withClaimGoing();
  const safety = await open(options(api));
  let seconds = 0;
  clockAhead(t, () => (seconds += 61));
  await assert.rejects(
    safety.apply('c', [claim]),
    /PersistentVolumeClaim c\/persist has been in deletion since t and is still there after 60 s.*pvc-protection/,
  );
  t.mock.restoreAll();
  assert.equal(
    api.requests.some(({ method, path }) => method !== 'GET' && path.startsWith(CLAIM)),
    false,
  );
});

test('does not delete, and so does not create again, what somebody else is deleting', async () => {
  const api = withClaimGoing();
  const safety = await open(options(api));
  await safety.remove('c', [ref]);
  assert.deepEqual(safety.pending(), []);
  assert.equal(
    api.requests.some(({ method, path }) => method === 'DELETE' && path === CLAIM),
    false,
  );
  api.objects.delete(CLAIM);
  await safety.close();
  assert.equal(api.objects.has(CLAIM), false);
});
