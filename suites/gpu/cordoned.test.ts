import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckContext } from '../harness/context.ts';
import { asked, busy, gpu, GPU, holds, node, REFUSED } from './_testing/histories.ts';
import { recordNodes } from './_pool/pool.ts';

describe('a node of the pool that is cordoned', () => {
  it('should be recorded as such, and no other', async () => {
    const told: (string | boolean | undefined)[][] = [];
    const nodeOf = (name: string, spec: object): object => ({
      metadata: { name, labels: { pool: 'gpu' } },
      spec,
      status: { conditions: [], allocatable: {}, capacity: {} },
    });
    const ctx = {
      settings: { gpu: GPU, pools: [{ name: 'gpu', labels: { pool: 'gpu' }, taints: [] }] },
      cluster: { items: () => Promise.resolve([nodeOf('a', {}), nodeOf('b', { unschedulable: true })]) },
      record: (kind: string, { name, cordoned }: { name: string; cordoned?: boolean }) =>
        told.push([kind, name, cordoned]),
    };
    await recordNodes(ctx as unknown as CheckContext);
    assert.deepEqual(told, [
      ['gpu-node', 'a', undefined],
      ['gpu-node', 'b', true],
    ]);
  });

  it('should leave it open why a pod found no place', () => {
    const refusedOn = (more: Record<string, unknown>) =>
      gpu('exclusive', [node(more), asked(), holds('a', REFUSED), holds('b', REFUSED), asked()]);
    const open = refusedOn({ cordoned: true });
    assert.equal(open.verdict, 'inconclusive', open.reason);
    assert.match(open.reason, /Insufficient nvidia.com\/gpu\. \(cordoned: gpu-1\)/);
    assert.equal(refusedOn({}).verdict, 'fail');
  });

  it('should be named where its devices are not free for that', () => {
    const judged = gpu('schedule', [node({ cordoned: true }), asked(), busy]);
    assert.equal(judged.verdict, 'inconclusive', judged.reason);
    assert.match(JSON.stringify(judged), /0 of 2 \(cordoned: gpu-1\)/);
  });
});
