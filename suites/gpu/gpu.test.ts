import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckContext } from '../harness/context.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { fateOf } from './_pool/canaries.ts';
import { observe as seeOffers } from './allocatable/observe.ts';
import { takePool } from './_pool/all-taken.ts';
import { observe as keepAway } from './taint/observe.ts';
import { observe as landOnPool } from './schedule/observe.ts';
import { refusalOf } from './_pool/refusal.ts';
import { observe as release } from './release/observe.ts';
import { observe as seeUtilisation } from './metrics/observe.ts';
import type { Seen } from '../_testing/histories.ts';
import { gpu, TAINT } from './_testing/histories.ts';
import { contextOf, OneNode } from './_testing/one-node.ts';

describe('checks of the GPU pool', () => {
  it('should neither count nodes of others nor start a pod there', async () => {
    const cluster = new OneNode();
    const others = [{ labels: { team: 'search' }, reason: 'r' }];
    const applied: KubeObject[] = [];
    const ctx = contextOf(cluster, { nodes: { others, passingTaints: [] } });
    const plain = { ...ctx.cluster };
    const [ours] = cluster.list('v1/Node');
    const theirs = { ...ours, metadata: { name: 'theirs', labels: { team: 'search', pool: 'gpu' } } };
    Object.assign(ctx.cluster, {
      apply: (pods: KubeObject[]) => {
        applied.push(...pods);
        return plain.apply(pods);
      },
      items: async (of: { kind: string }) => [
        ...((await plain.items(of)) ?? []),
        ...(of.kind === 'v1/Node' ? [theirs] : []),
      ],
    });
    await landOnPool(ctx);
    assert.deepEqual(
      cluster.recorded('gpu-node').map(({ name }) => name),
      ['gpu-1'],
    );
    assert.match(JSON.stringify(applied[0]?.spec), /"key":"team","operator":"NotIn"/);
  });

  it('should record where a pod landed and what it was told, and leave nothing', async () => {
    const cluster = new OneNode();
    await landOnPool(contextOf(cluster));
    const [pod] = cluster.recorded('gpu-pod');
    assert.deepEqual(
      [pod?.['pod'], pod?.['state'], pod?.['node'], pod?.['devices']],
      ['gpu-lands', 'ready', 'gpu-1', ['gpu-lands']],
    );
    assert.equal(cluster.pods.size, 0);
    const counted = cluster.recorded('gpu-requested').map(({ holders }) => (holders as unknown[]).length);
    assert.deepEqual(counted, [0, 1]);
  });

  it('should tell a container that was told of nothing from one that could not be asked', async () => {
    const asked = async (answer: { code: number; stdout: string; stderr: string }): Promise<OneNode> => {
      const cluster = new OneNode();
      const ctx = contextOf(cluster);
      ctx.cluster.exec = () => Promise.resolve(answer);
      await landOnPool(ctx);
      return cluster;
    };
    const untold = await asked({ code: 0, stdout: 'HOME=/\n-- devices --\n', stderr: '' });
    assert.deepEqual(untold.recorded('gpu-pod')[0]?.['devices'], []);
    assert.deepEqual(untold.recorded('unavailable'), []);
    const failed = await asked({ code: 126, stdout: '', stderr: 'no such file' });
    assert.equal(failed.recorded('gpu-pod')[0]?.['devices'], null);
    assert.match(String(failed.recorded('unavailable')[0]?.['reason']), /126: no such file/);
  });

  it('should see that pods have claims where the node offers nothing', async () => {
    const claimed = async (offered: number): Promise<number> => {
      const cluster = new OneNode();
      cluster.offered = offered;
      const ctx = contextOf(cluster);
      const claims = [{ name: 'gpu', resourceClaimName: 'shared' }];
      const pod = {
        metadata: { name: 'p', namespace: 'ai' },
        spec: { containers: [], resourceClaims: claims },
      };
      ctx.cluster.raw = () => Promise.resolve({ status: 200, body: JSON.stringify({ items: [pod] }) });
      await seeOffers(ctx);
      return cluster.recorded('gpu-claim').length;
    };
    assert.deepEqual([await claimed(0), await claimed(2)], [1, 0]);
  });

  it('should start nothing where it may only read', async () => {
    const cluster = new OneNode();
    await landOnPool(contextOf(cluster, { writes: false }));
    await keepAway(contextOf(cluster, { writes: false }));
    assert.deepEqual(cluster.recorded('gpu-pod'), []);
    assert.deepEqual(cluster.recorded('gpu-refused'), []);
    const [tenants] = cluster.recorded('gpu-tenants');
    assert.deepEqual(tenants?.['taints'], [TAINT]);
  });

  it('should see a pod on the pool that does not tolerate its taint', async () => {
    const cluster = new OneNode();
    const metadata = { name: 'stray', namespace: 'ai' };
    const spec = { containers: [{ resources: { limits: {} } }] };
    cluster.pods.set('stray', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec,
      status: { phase: 'Running' },
    });
    await keepAway(contextOf(cluster, { writes: false }));
    const tenants = cluster.recorded('gpu-tenants').map((one) => one['tenants']);
    assert.deepEqual(tenants, [[{ pod: 'ai/stray', tolerates: false }]]);
  });

  it('should record why pods without the toleration are refused, in the words of the scheduler', async () => {
    const cluster = new OneNode();
    await keepAway(contextOf(cluster));
    const refused = cluster.recorded('gpu-refused');
    assert.deepEqual(refused.map(({ pod, role, bound }) => [pod, role, bound]).sort(), [
      ['gpu-stranger-0', 'stranger', 'gpu-1'],
      ['gpu-stranger-asks', 'stranger that asks', null],
    ]);
    for (const one of refused) {
      assert.equal(one['node'], null);
      assert.equal(one['source'], 'event');
      assert.match(String(one['message']), /untolerated taint/);
    }
  });

  it('should take what is declared and no more, and then ask for one', async () => {
    const cluster = new OneNode();
    await takePool(contextOf(cluster));
    assert.match(String(cluster.recorded('gpu-refused')[0]?.['message']), /Insufficient nvidia\.com\/gpu/);
    assert.equal(cluster.recorded('gpu-pod').length, 2);
    const generous = new OneNode();
    generous.offered = 3;
    await takePool(contextOf(generous));
    assert.equal(generous.recorded('gpu-pod').length, 2);
    assert.equal(generous.recorded('gpu-refused')[0]?.['node'], 'gpu-1');
    assert.equal((generous.recorded('gpu-requested').at(-1)?.['holders'] as unknown[]).length, 3);
  });

  it('should time a device from the deletion of its pod to the next that is ready', async () => {
    const cluster = new OneNode();
    await release(contextOf(cluster));
    const [back] = cluster.recorded('gpu-back');
    assert.equal(back?.['what'], 'deletion');
    assert.equal(back['ready'], true);
    const afterMs = Number(back['seenMs']) - Number(back['sinceMs']);
    assert.ok(afterMs >= 0 && afterMs < 500);
    assert.equal(cluster.recorded('gpu-waits')[0]?.['state'], 'refused');
    assert.equal(cluster.pods.size, 0);
  });

  it('should see at once what two checks need to pass', async () => {
    const cluster = new OneNode();
    await takePool(contextOf(cluster));
    const seen = cluster.told.map(({ kind, ...fields }): Seen => [kind, fields]);
    for (const check of ['exhausted', 'release']) {
      const { verdict, reason } = gpu(check, seen);
      assert.equal(verdict, 'pass', `${check}: ${reason}`);
    }
  });

  it('should not delete anything where no pod waits', async () => {
    const cluster = new OneNode();
    cluster.offered = 3;
    await release(contextOf(cluster));
    assert.equal(cluster.recorded('gpu-back').length, 0);
    assert.equal(cluster.recorded('gpu-waits')[0]?.['state'], 'ready');
  });

  it('should ask Prometheus until it knows of every device and of the pod that holds one', async () => {
    const cluster = new OneNode();
    const sample = (device: string, pod: string): unknown => ({
      device,
      node: 'gpu-1',
      pod,
      value: 0,
      atSeconds: 999,
    });
    cluster.series = { nowSeconds: 1000, samples: [sample('a', 'gpu-is-seen'), sample('b', '')] };
    await seeUtilisation(contextOf(cluster));
    assert.equal(cluster.recorded('gpu-series').length, 1);
    cluster.series = { samples: [], nowSeconds: null, unavailable: 'ECONNREFUSED' };
    await seeUtilisation(contextOf(cluster));
    assert.equal(cluster.recorded('unavailable')[0]?.['what'], 'Prometheus');
  });
});

describe('what becomes of a pod', () => {
  const pod = (status: Record<string, unknown>, nodeName?: string): Parameters<typeof fateOf>[0] => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', uid: 'u' },
    spec: { containers: [], ...(nodeName !== undefined && { nodeName }) },
    status,
  });

  it('should tell one that its node would not start', () => {
    const message = 'Allocate failed due to no healthy devices present';
    const fate = fateOf(pod({ phase: 'Failed', reason: 'UnexpectedAdmissionError', message }, 'gpu-1'), 1);
    assert.equal(fate.state, 'failed');
    assert.equal(fate.detail, `UnexpectedAdmissionError: ${message}`);
    assert.equal(fateOf(pod({ phase: 'Pending' }), 1).state, 'waiting');
    assert.equal(fateOf(undefined, 1).detail, 'not there');
  });

  it('should say in the words of kubelet why its container waits', () => {
    const waiting = (of: { reason: string; message?: string }) =>
      fateOf(
        pod({ phase: 'Pending', containerStatuses: [{ name: 'canary', state: { waiting: of } }] }, 'gpu-1'),
        1,
      );
    const { state, detail } = waiting({ reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' });
    assert.deepEqual([state, detail], ['waiting', 'ImagePullBackOff: Back-off pulling image "x"']);
    assert.equal(waiting({ reason: 'ContainerCreating' }).detail, 'ContainerCreating');
    assert.equal(fateOf(pod({ phase: 'Pending' }), 1).detail, 'Pending');
  });

  it('should take the last event of this very pod, else its condition', async () => {
    const event = (uid: string, message: string, lastTimestamp: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: message },
      reason: 'FailedScheduling',
      message,
      lastTimestamp,
      involvedObject: { kind: 'Pod', name: 'p', uid },
    });
    const items = [
      event('u', 'late', '2026-01-01T00:00:02Z'),
      event('u', 'early', '2026-01-01T00:00:01Z'),
      event('another', 'of another', '2026-01-01T00:00:03Z'),
    ];
    const seen = (found: KubeObject[]): Promise<unknown> => {
      const cluster = { list: () => Promise.resolve({ items: found }) };
      const status = { conditions: [{ type: 'PodScheduled', status: 'False', message: 'in its status' }] };
      return refusalOf({ cluster } as unknown as CheckContext, pod(status), 'ns');
    };
    assert.deepEqual(await seen(items), { message: 'late', source: 'event' });
    assert.deepEqual(await seen([]), { message: 'in its status', source: 'condition' });
  });
});
