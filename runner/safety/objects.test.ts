import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestApi } from './_testing/api.ts';
import { clockAhead } from './_testing/clock.ts';
import type { Safety } from './index.ts';
import { GuardedObjects } from './objects.ts';
import { NODE, nodeRef, openForTest as open, safetyOptions as options } from './_testing/safety.ts';

const CLAIM = '/api/v1/namespaces/c/persistentvolumeclaims/persist';
const ref = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'c', name: 'persist' };
const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'persist', namespace: 'c' },
};

const PODS = '/api/v1/namespaces/c/pods';
const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'c' } });

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

test('creates nothing once nobody wants it any more: its caller is gone, its check is undone, or the run has ended', async () => {
  const ended = {
    caller: (_: Safety, gone: AbortController) => gone.abort(new Error('the worker is gone')),
    check: (safety: Safety) => safety.restore({ check: 'c' }),
    run: (safety: Safety) => safety.close(),
  };
  for (const [who, end] of Object.entries(ended)) {
    const api = withClaimGoing();
    const safety = await open(options(api));
    const gone = new AbortController();
    const applied = safety.apply('c', [claim], { access: 'canary', signal: gone.signal });
    const rejected = assert.rejects(applied, /the worker is gone|what the check did is being undone/, who);
    await end(safety, gone);
    // It is gone at last, and could be created.
    api.objects.delete(CLAIM);
    await rejected;
    assert.equal(api.objects.has(CLAIM), false, who);
  }
});

test('creates no more once its check is undone or everything is stopped, and nothing is undone before it has ended', async () => {
  const ends = {
    undone: () => Promise.resolve(),
    stopped: async (api: TestApi, { stopped }: Safety) => {
      api.put('/api/v1/namespaces/plumbline-system/configmaps/plumbline-stop', {});
      await new Promise((resolve) => stopped.addEventListener('abort', resolve, { once: true }));
    },
  };
  for (const [how, end] of Object.entries(ends)) {
    const api = new TestApi();
    const given = options(api);
    const second = Promise.withResolvers<undefined>();
    const answer = Promise.withResolvers<undefined>();
    let made = 0;
    const safety = await open({
      ...given,
      kube: async (request) => {
        if (request.method === 'POST' && request.path === PODS && ++made === 2) {
          second.resolve(undefined);
          await answer.promise;
        }
        return given.kube(request);
      },
    });
    const refused = assert.rejects(
      safety.apply('c', ['a', 'b', 'd'].map(pod)),
      /being undone|it is set/,
      how,
    );
    await second.promise;
    await end(api, safety);
    const restored = safety.restore({ check: 'c' });
    const isOver = await Promise.race([restored.then(() => true), sleep(100, false)]);
    assert.equal(isOver, false, `${how}: undone while an object is being made`);
    answer.resolve(undefined);
    await refused;
    await restored;
    assert.equal(made, 2, how);
    const there = [...api.objects.keys()].filter((path) => path.startsWith(PODS));
    assert.deepEqual([there, safety.pending()], [[], []], how);
  }
});

test('says for how long making many objects may take, so that undoing waits for it', async () => {
  const lengths: (number | undefined)[] = [];
  const objects = new GuardedObjects(new TestApi().call, {
    perform: ({ endsWithinMs }) => Promise.resolve(void lengths.push(endsWithinMs)),
    settleCreated: () => undefined,
    hasCreated: () => false,
    stopped: new AbortController().signal,
  });
  const { signal } = new AbortController();
  await objects.apply('c', ['a', 'b', 'd'].map(pod), { access: 'canary' }, signal);
  // Each call to the API server takes 10 s at most.
  assert.deepEqual(lengths, [30_000]);
});

test('still creates it where only another check, or only a fault of the same, is undone', async () => {
  const api = withClaimGoing();
  const safety = await open(options(api));
  const applied = safety.apply('c', [claim]);
  await safety.restore({ check: 'another' });
  await safety.restore({ check: 'c', access: 'fault' });
  api.objects.delete(CLAIM);
  await applied;
  assert.equal(api.objects.has(CLAIM), true);
});

/** Opens it beside another writer of the node, who comes before its first patch. */
async function openBeside(api: TestApi, spec: object): Promise<{ safety: Safety; tries: () => number }> {
  const given = options(api);
  let tries = 0;
  const safety = await open({
    ...given,
    kube: (request) => {
      if (request.method === 'PATCH' && request.path === NODE && ++tries === 1)
        void api.call({ method: 'PATCH', path: NODE, body: { spec }, timeoutMs: 1 });
      return given.kube(request);
    },
  });
  return { safety, tries: () => tries };
}

test('patches what it has read: what somebody else changed in between is read again, and stays', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: { podCIDR: 'x' } });
  const { safety, tries } = await openBeside(api, { other: 1 });
  await safety.patch('c', nodeRef, { spec: { podCIDR: 'y' } });
  assert.equal(tries(), 2);
  assert.deepEqual((await safety.close()).failed, []);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], { podCIDR: 'x', other: 1 });
});

test('undoes nothing of an attempt that another writer of the same field came before', async () => {
  const api = new TestApi();
  api.put(NODE, { spec: { podCIDR: 'x' } });
  const { safety } = await openBeside(api, { podCIDR: 'z' });
  await safety.patch('c', nodeRef, { spec: { podCIDR: 'y' } });
  assert.equal(safety.pending().length, 1);
  assert.deepEqual((await safety.close()).failed, []);
  assert.deepEqual(api.objects.get(NODE)?.['spec'], { podCIDR: 'z' });
});

test('begins nothing after the run has ended', async () => {
  const api = new TestApi();
  const safety = await open(options(api));
  await safety.close();
  await assert.rejects(safety.apply('c', [claim]), /not begun, since the run has ended/);
  assert.equal(api.objects.has(CLAIM), false);
});

test('creates a deleted claim again without the volume that went with it', async () => {
  const api = new TestApi();
  const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'fast' };
  const annotations = {
    'example.com/kept': 'yes',
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
    'volume.kubernetes.io/selected-node': 'worker-1',
  };
  const bound = { ...claim, metadata: { annotations }, spec: { ...spec, volumeName: 'pvc-1' } };
  api.put(CLAIM, bound);
  const safety = await open(options(api));
  await safety.remove('c', [ref], { access: 'control' });
  assert.equal(api.objects.has(CLAIM), false);
  await safety.close();
  const again = api.objects.get(CLAIM);
  assert.deepEqual(again?.['spec'], spec);
  assert.deepEqual(again.metadata['annotations'], { 'example.com/kept': 'yes' });
});
