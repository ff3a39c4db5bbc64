import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from '../../../reports/record/observations/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { recordLeases } from './leases.ts';

const at = (agoMs: number): string => new Date(Date.now() - agoMs).toISOString().replace('Z', '000Z');
const lease = (name: string, renewTime: string) => ({
  metadata: { name },
  spec: { holderIdentity: `${name}_1`, leaseDurationSeconds: 15, renewTime },
});

/** What is recorded of the nodes a and b where nodes and the scheduler have these answers, one a look; there is time for two looks. */
async function recorded(
  looks: readonly { nodes: object[]; scheduler: object }[],
): Promise<{ leases: Fields<'lease'>[]; asked: number }> {
  const leases: Fields<'lease'>[] = [];
  let asked = 0;
  const answer = (path: string): object => {
    if (path.endsWith('/kube-node-lease/leases')) asked += 1;
    const { nodes, scheduler } = looks[Math.min(asked, looks.length) - 1] ?? { nodes: [], scheduler: {} };
    if (path.endsWith('/kube-node-lease/leases')) return { items: nodes };
    return path.endsWith('/kube-scheduler') ? scheduler : {};
  };
  const context = {
    goals: { clockSeconds: 10 },
    signal: new AbortController().signal,
    timeoutMs: () => 500,
    cluster: {
      raw: (path: string) =>
        path.endsWith('manager')
          ? Promise.resolve({ status: 404, body: '' })
          : Promise.resolve({ status: 200, body: JSON.stringify(answer(path)) }),
    },
    record: (_kind: string, fields: Fields<'lease'>) => leases.push(fields),
  };
  await recordLeases(context as unknown as CheckContext, () => Promise.resolve(['a', 'b']));
  return { leases, asked };
}

test('should record Leases at one look where all are renewed, and say of others why they are not seen', async () => {
  const node = lease('a', at(2000));
  const nodes = [node, lease('b', at(0))];
  const { leases, asked } = await recorded([{ nodes, scheduler: lease('kube-scheduler', at(0)) }]);
  assert.equal(asked, 1);
  assert.deepEqual(
    leases.map(({ of, holder, seconds, why }) => [of, holder, seconds, why]),
    [
      ['node a', 'a_1', 15, null],
      ['node b', 'b_1', 15, null],
      ['kube-scheduler', 'kube-scheduler_1', 15, null],
      ['kube-controller-manager', '', 0, 'missing'],
    ],
  );
  assert.equal(leases[0]?.renewedAt, Date.parse(node.spec.renewTime));
});

test('should look again at a Lease that is late, and at an answer that is none', async () => {
  const scheduler = lease('kube-scheduler', at(0));
  const [late, later] = [at(300_000), at(290_000)];
  const { leases, asked } = await recorded([
    { nodes: [lease('a', late), lease('b', at(0))], scheduler: { kind: 'Status' } },
    { nodes: [lease('a', later), lease('b', at(0))], scheduler },
  ]);
  assert.equal(asked, 2);
  assert.deepEqual(
    leases.map(({ of, before, why }) => [of, before, why]),
    [
      ['node a', Date.parse(late), null],
      ['node b', leases[1]?.renewedAt, null],
      ['kube-scheduler', undefined, null],
      ['kube-controller-manager', undefined, 'missing'],
    ],
  );
});

test('should look again at a node without a Lease: it may have joined a moment ago', async () => {
  const scheduler = lease('kube-scheduler', at(0));
  const nodes = [lease('a', at(0))];
  const { leases, asked } = await recorded([
    { nodes, scheduler },
    { nodes: [...nodes, lease('b', at(0))], scheduler },
  ]);
  assert.equal(asked, 2);
  assert.deepEqual(
    leases.slice(0, 2).map(({ of, why }) => [of, why]),
    [
      ['node a', null],
      ['node b', null],
    ],
  );
});
