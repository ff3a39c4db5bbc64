import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseWatch, lookOnce, toUndo } from './cluster-timer.ts';
import { dueNow } from './host-timer.ts';
import type { Entry } from './types.ts';
import { TestApi } from './test-api.ts';
import { rulesFor } from './undo-job.ts';
import { MARK } from './undo-kube.ts';

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

test("the cluster's timer takes what it has settled out of the mirror once nobody holds the environment, and leaves the rest", async () => {
  const api = new TestApi();
  const space = '/api/v1/namespaces/plumbline-system';
  const mirror = `${space}/configmaps/plumbline-ledger`;
  const lease = '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline';
  api.put(lease, { spec: { holderIdentity: 'laptop-a', renewTime: 'then' } });
  api.put('/api/v1/namespaces/x/configmaps/canary', { metadata: { annotations: { [MARK]: 'm' } } });
  const entry = (seq: number, inverse: Record<string, string>) => ({
    ...{ seq, title: `step ${seq}`, dueAt: '2100-01-01T00:00:00Z' },
    inverse,
  });
  const made = entry(1, { kind: 'kube-delete', path: '/api/v1/namespaces/x/configmaps/canary', mark: 'm' });
  const power = entry(2, { kind: 'command' });
  api.put(mirror, { data: { entries: JSON.stringify([made, power]) } });
  const listed = (): unknown =>
    JSON.parse((api.objects.get(mirror)?.['data'] as { entries: string }).entries) as unknown;
  const held = { unchangedForMs: () => 0 } as unknown as LeaseWatch;
  assert.equal(await lookOnce(api.call, 'plumbline-system', held), 'go on');
  assert.deepEqual(listed(), [made, power]);
  const abandoned = { unchangedForMs: () => 60_000 } as unknown as LeaseWatch;
  assert.equal(await lookOnce(api.call, 'plumbline-system', abandoned), 'over');
  assert.equal(api.objects.has('/api/v1/namespaces/x/configmaps/canary'), false);
  assert.deepEqual(listed(), [power]);
});
