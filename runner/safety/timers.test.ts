import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseWatch, toUndo } from './cluster-timer.ts';
import { dueNow } from './host-timer.ts';
import type { Entry } from './types.ts';
import { rulesFor } from './undo-job.ts';

const entry = (seq: number, dueMs: number): Entry => ({ seq, dueMs }) as Entry;

test('the host timer acts on what is due, and on everything once nobody has held the environment for 20 s', () => {
  const entries = [entry(1, 1_000), entry(2, 90_000)];
  assert.deepEqual(
    dueNow(entries, 50_000, null).map(({ seq }) => seq),
    [1],
  );
  assert.deepEqual(
    dueNow(entries, 50_000, 31_000).map(({ seq }) => seq),
    [1],
  );
  assert.deepEqual(
    dueNow(entries, 50_000, 30_000).map(({ seq }) => seq),
    [1, 2],
  );
});

test("the cluster's timer counts by its own clock how long the Lease has been the same", () => {
  const watch = new LeaseWatch();
  assert.equal(watch.unchangedForMs('a 1', 1_000), 0);
  assert.equal(watch.unchangedForMs('a 1', 31_000), 30_000);
  assert.equal(watch.unchangedForMs('a 2', 32_000), 0);
});

test("the cluster's timer undoes last things first and nothing that belongs to a node", () => {
  const mirrored = (seq: number, dueAt: string, inverse: { kind: string; path?: string }) => ({
    seq,
    title: '',
    dueAt,
    inverse,
  });
  const entries = [
    mirrored(1, '2026-01-01T00:00:10Z', { kind: 'kube-delete', path: '/x' }),
    mirrored(2, '2026-01-01T00:10:00Z', { kind: 'kube-patch', path: '/y' }),
    mirrored(3, '2026-01-01T00:00:00Z', { kind: 'thaw' }),
  ];
  const now = new Date('2026-01-01T00:01:00Z');
  assert.deepEqual(
    toUndo(entries, false, now).map(({ seq }) => seq),
    [1],
  );
  assert.deepEqual(
    toUndo(entries, true, now).map(({ seq }) => seq),
    [2, 1],
  );
});

test('the undo Job gets the rights for what it has to undo and no others', () => {
  assert.deepEqual(rulesFor({ kind: 'kube-patch', path: '/api/v1/nodes/worker-1', uid: '', fields: [] }), [
    { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] },
  ]);
  assert.deepEqual(
    rulesFor({ kind: 'kube-delete', path: '/apis/apps/v1/namespaces/tender/deployments/x', mark: '' }),
    [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'delete'] }],
  );
  assert.deepEqual(
    rulesFor({
      kind: 'kube-create',
      path: '/apis/networking.k8s.io/v1/namespaces/edge/ingresses',
      object: {},
    }),
    [{ apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['create'] }],
  );
});
