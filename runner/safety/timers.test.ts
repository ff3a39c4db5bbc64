import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ages, LeaseWatch, lookOnce, toUndo } from './cluster-timer.ts';
import { dueNow, Retries } from './host-timer.ts';
import type { Entry } from './types.ts';
import { TestApi } from './test-api.ts';
import { rulesFor } from './undo-job.ts';
import { MARK } from './undo-kube.ts';

const entry = (seq: number, dueMs: number): Entry => ({ seq, dueMs, bootId: 'now' }) as Entry;

test('the host timer acts on what is due, and on everything once nobody has held the environment for 20 s', () => {
  const entries = [entry(1, 1_000), entry(2, 90_000)];
  assert.deepEqual(
    dueNow(entries, { ms: 50_000, bootId: 'now' }, null).map(({ seq }) => seq),
    [1],
  );
  assert.deepEqual(
    dueNow(entries, { ms: 50_000, bootId: 'now' }, 31_000).map(({ seq }) => seq),
    [1],
  );
  assert.deepEqual(
    dueNow(entries, { ms: 50_000, bootId: 'now' }, 30_000).map(({ seq }) => seq),
    [1, 2],
  );
});

test("the cluster's timer counts by its own clock how long the Lease has been the same", () => {
  const watch = new LeaseWatch();
  assert.equal(watch.unchangedForMs('a 1', 1_000), 0);
  assert.equal(watch.unchangedForMs('a 1', 31_000), 30_000);
  assert.equal(watch.unchangedForMs('a 2', 32_000), 0);
});

test('what was done before the machine was started again is due: its clock is another', () => {
  const due = dueNow([entry(1, 90_000)], { ms: 1_000, bootId: 'another' }, null);
  assert.equal(due.length, 1);
});

test('false verdict 24: the host timer never gives up what is open, and tries it less and less often', () => {
  const retries = new Retries();
  const open = [entry(1, 0)];
  const triedAt: number[] = [];
  const threeHours = 3 * 3_600_000;
  for (let nowMs = 0; nowMs <= threeHours; nowMs += 500) {
    const now = retries.ready(open, nowMs);
    if (now.length === 0) continue;
    triedAt.push(nowMs);
    retries.after(now, open, nowMs);
  }
  assert.deepEqual(triedAt.slice(0, 4), [0, 5_000, 15_000, 35_000]);
  assert.ok((triedAt.at(-1) ?? 0) > threeHours - 5 * 60_000, 'still tried after three hours');
  assert.ok(triedAt.length < 50, `${triedAt.length} times`);
  assert.equal(retries.most, triedAt.length);
  retries.after(open, [], threeHours);
  assert.equal(retries.most, 0);
});

test("false verdict 23: the cluster's timer counts what is due by its own clock, and undoes nothing that belongs to a node", () => {
  const mirrored = (seq: number, dueAfterMs: number, inverse: { kind: string; path?: string }) => ({
    ...{ id: `id-${seq}`, seq, title: '', dueAfterMs, inverse },
  });
  const entries = [
    mirrored(1, 10_000, { kind: 'kube-delete', path: '/x' }),
    mirrored(2, 600_000, { kind: 'kube-patch', path: '/y' }),
    mirrored(3, 0, { kind: 'thaw' }),
    mirrored(4, 0, { kind: 'node-power' }),
  ];
  const ages = new Ages();
  const due = (abandoned: boolean, nowMs: number): number[] =>
    toUndo(entries, abandoned, ages.of(entries, nowMs)).map(({ seq }) => seq);
  assert.deepEqual(due(false, 5_000), []);
  assert.deepEqual(due(false, 14_000), []);
  assert.deepEqual(due(false, 15_000), [1]);
  assert.deepEqual(due(true, 15_000), [2, 1]);
  // One that was settled and is listed again later begins again.
  ages.of([], 16_000);
  assert.deepEqual(due(false, 20_000), []);
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
    ...{ id: `id-${seq}`, seq, title: `step ${seq}`, dueAfterMs: 600_000 },
    inverse,
  });
  const made = entry(1, { kind: 'kube-delete', path: '/api/v1/namespaces/x/configmaps/canary', mark: 'm' });
  const power = entry(2, { kind: 'node-power', node: 'worker-1' });
  api.put(mirror, { data: { entries: JSON.stringify([made, power]) } });
  const listed = (): unknown =>
    JSON.parse((api.objects.get(mirror)?.['data'] as { entries: string }).entries) as unknown;
  const held = { unchangedForMs: () => 0 } as unknown as LeaseWatch;
  assert.equal(await lookOnce(api.call, 'plumbline-system', { watch: held, ages: new Ages() }), 'go on');
  assert.deepEqual(listed(), [made, power]);
  const abandoned = { unchangedForMs: () => 60_000 } as unknown as LeaseWatch;
  assert.equal(await lookOnce(api.call, 'plumbline-system', { watch: abandoned, ages: new Ages() }), 'over');
  assert.equal(api.objects.has('/api/v1/namespaces/x/configmaps/canary'), false);
  assert.deepEqual(listed(), [power]);
});
