import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endedEarly } from './in-force.ts';

const RUNNING = { phase: 'Running', containerStatuses: [{ name: 'injector', restartCount: 0 }] };

/** What is said of a fault by a privileged pod that is seen so; null: it is gone. */
function saidOf(status: object | null, { metadata = {}, kind = 'kube-end' } = {}): Promise<string | null> {
  const rollback = { kind, path: '/api/v1/namespaces/plumbline-drill/pods/plumbline-injector-1' };
  const get = ({ namespace, name }: { namespace?: string; name: string }): Promise<object | null> => {
    assert.deepEqual([namespace, name], ['plumbline-drill', 'plumbline-injector-1']);
    return Promise.resolve(status && { metadata, status });
  };
  const runner = {
    runState: { environment: { namespaces: { drill: 'plumbline-drill' } } },
    parts: { cluster: { get }, safety: { pending: () => [{ rollback }] } },
  };
  return endedEarly(runner as unknown as Parameters<typeof endedEarly>[0], 'failover/ai/hang');
}

test('should find a fault in force while its privileged pod runs as it was made', async () => {
  assert.equal(await saidOf(RUNNING), null);
  assert.equal(
    await saidOf(null, { kind: 'thaw' }),
    null,
    'one that is undone from this machine needs no pod',
  );
});

test('should say that a fault ended early whose privileged pod ended or started again', async () => {
  const restarted = { ...RUNNING, containerStatuses: [{ name: 'injector', restartCount: 1 }] };
  assert.match((await saidOf(restarted)) ?? '', /plumbline-injector-1, .* had started again 1 time$/);
  assert.match((await saidOf({ phase: 'Failed', reason: 'Evicted' })) ?? '', /was Failed Evicted$/);
  assert.match((await saidOf(null)) ?? '', /was gone before/);
  const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  assert.match((await saidOf(RUNNING, { metadata })) ?? '', /was being deleted/);
});

test('should not pass over a pod that cannot be read', async () => {
  const rollback = { kind: 'kube-end', path: '/api/v1/namespaces/d/pods/p' };
  const runner = {
    runState: { environment: { namespaces: { drill: 'd' } } },
    parts: {
      cluster: { get: () => Promise.reject(new Error('the API server does not answer')) },
      safety: { pending: () => [{ rollback }] },
    },
  };
  const said = await endedEarly(runner as unknown as Parameters<typeof endedEarly>[0], 'failover/ai/hang');
  assert.match(said ?? '', /still ran is not known: the API server does not answer/);
});
