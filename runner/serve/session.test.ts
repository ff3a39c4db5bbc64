import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunnerClient, RunnerError } from '../../suites/harness/client.ts';
import type { KubeObject, Method } from '../../suites/harness/protocol.ts';
import { RequestError, Session, type Handlers } from './session.ts';

const refuse = () => Promise.reject(new RequestError('the kill switch is set', 'refused'));

/** The methods that a test uses; the others are unknown. */
const handlers = (some: Partial<Handlers>): Handlers => some as Handlers;

test('should answer requests, in any order, and say who asked', async () => {
  const session = await Session.listen(
    handlers({
      'cluster.raw': async ({ path }, call) => {
        if (path === '/slow') await new Promise((resolve) => setTimeout(resolve, 30));
        return { status: 200, body: `${path} for ${call.check}` };
      },
    }),
    { gone: () => undefined },
  );
  const client = await RunnerClient.connect(session.path, () => assert.fail('not lost'));
  const [slow, quick] = await Promise.all([
    client.call('cluster.raw', { path: '/slow' }, 'a/b'),
    client.call('cluster.raw', { path: '/quick' }, 'a/c'),
  ]);
  assert.equal(slow.body, '/slow for a/b');
  assert.equal(quick.body, '/quick for a/c');
  client.close();
  await session.close();
});

test('should refuse an answer of unexpected shape, naming the question and what is wrong with it', async () => {
  const session = await Session.listen(
    handlers({
      'cluster.raw': () => Promise.resolve({ status: 200, body: 7 as unknown as string }),
      'cluster.list': () => Promise.resolve({ items: [{ kind: 'Pod' } as unknown as KubeObject] }),
    }),
    { gone: () => undefined },
  );
  const client = await RunnerClient.connect(session.path, () => undefined);
  await assert.rejects(client.call('cluster.raw', { path: '/' }), /runner method cluster\.raw: .*body/);
  await assert.rejects(client.call('cluster.list', { kind: 'v1/Pod' }), /items\.0: not a Kubernetes object/);
  client.close();
  await session.close();
});

test('should hand on the reason of a refusal and name an unknown method', async () => {
  const session = await Session.listen(handlers({ 'fault.inject': refuse }), { gone: () => undefined });
  const client = await RunnerClient.connect(session.path, () => undefined);
  const params = { check: 'c', fault: 'pod-crash', store: 'postgres', target: 'leader', trial: 1 };
  await assert.rejects(client.call('fault.inject', params), (error) => {
    assert.ok(error instanceof RunnerError);
    assert.equal(error.reason, 'refused');
    assert.equal(error.message, 'the kill switch is set');
    return true;
  });
  await assert.rejects(client.call('constructor' as Method, {}), /no method "constructor"/);
  client.close();
  await session.close();
});

test('should tell the worker when the runner is gone, and the runner when a worker is', async () => {
  const gone: string[] = [];
  let aborted = false;
  const session = await Session.listen(
    handlers({
      'lock.acquire': (_params, call) =>
        new Promise((_resolve, reject) => {
          call.signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('gave up'));
          });
        }),
      'check.end': () => Promise.reject(new Error('judge unavailable')),
    }),
    { gone: (check) => void gone.push(check) },
  );
  const dying = await RunnerClient.connect(session.path, () => undefined);
  void dying.call('lock.acquire', { check: 'a/b', mode: 'shared' }, 'a/b').catch(() => undefined);
  await assert.rejects(
    dying.call('check.end', { check: 'a/c', trials: 1, steps: [] }, 'a/c'),
    /judge unavailable/,
  );
  dying.close();
  while (gone.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(gone, ['a/b']);
  assert.ok(aborted);

  const lost = Promise.withResolvers<null>();
  const worker = await RunnerClient.connect(session.path, () => lost.resolve(null));
  const pending = assert.rejects(
    worker.call('lock.acquire', { check: 'x', mode: 'shared' }, 'x'),
    /the runner is gone/,
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  await session.close();
  await Promise.all([lost.promise, pending]);
  assert.ok(worker.lost.aborted);
});
