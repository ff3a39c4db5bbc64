import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadOnlyError, ReadOnlyGuard } from '../../probes/kubernetes/index.ts';
import { TestApi } from './_testing/api.ts';
import { openForTest, safetyOptions } from './_testing/safety.ts';
import { NoChanges, othersAtWork } from './read-only.ts';

const MIRROR = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-journal';
const place = { environment: 'of-nobody', embedded: undefined, namespace: 'plumbline-system' };

test('should refuse every change, and remember it', async () => {
  const guard = new ReadOnlyGuard();
  const safety = new NoChanges(guard);
  const mutation = { check: 'a/b', title: 'pod killed', act: () => assert.fail('it acted') };
  for (const attempt of [
    () => safety.perform(mutation),
    () => safety.apply('a/b'),
    () => safety.patch('a/b'),
    () => safety.remove('a/b'),
  ])
    await assert.rejects(attempt, ReadOnlyError);
  assert.deepEqual(guard.tried, [
    'pod killed (a/b)',
    'making objects for a/b',
    'changing an object for a/b',
    'removing objects for a/b',
  ]);
});

test('should have nothing to undo, as every check asks at its end', async () => {
  const guard = new ReadOnlyGuard();
  const safety = new NoChanges(guard);
  assert.equal((await safety.restore()).actions, 0);
  assert.deepEqual((await safety.close()).failed, []);
  assert.deepEqual([safety.pending(), safety.stopped.aborted, guard.tried], [[], false, []]);
});

test('should name what a run elsewhere has open, and undo nothing of it', async () => {
  const api = new TestApi();
  const title = 'node worker-1 switched off';
  const entries = JSON.stringify([{ id: 'x', title, rollback: { kind: 'node-power', node: 'worker-1' } }]);
  api.put(MIRROR, { data: { holder: 'ci-7/boot/1/2', entries } });
  assert.deepEqual(await othersAtWork({ ...place, kube: api.call }), [
    `A run of ci-7/boot/1/2 has not undone yet: ${title}.`,
  ]);
  assert.deepEqual(
    api.requests.map(({ method, path }) => `${method} ${path}`),
    [`GET ${MIRROR}`],
  );
});

test('should say when that cannot be known, and nothing where there is no such ConfigMap', async () => {
  const kube = (status: number) => () => Promise.resolve({ status, body: {} });
  assert.deepEqual(await othersAtWork({ ...place, kube: kube(404) }), []);
  const [line, ...more] = await othersAtWork({ ...place, kube: kube(403) });
  assert.match(
    line ?? '',
    /is unknown: the ConfigMap plumbline-system\/plumbline-journal cannot be read \(403\)/,
  );
  assert.deepEqual(more, []);
});

test('should say that a run of this machine holds the environment, which is no reason to wait', async () => {
  const api = new TestApi();
  const options = safetyOptions(api);
  await openForTest(options);
  const [line] = await othersAtWork({ ...place, environment: options.environment, kube: api.call });
  assert.match(line ?? '', new RegExp(`^Process ${process.pid} of this machine holds the environment`));
});
