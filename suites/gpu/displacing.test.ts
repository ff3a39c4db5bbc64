import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckContext } from '../harness/context.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { contextOf, OneNode } from './_testing/one-node.ts';
import { RESOURCE } from './_testing/histories.ts';
import { Canaries } from './_pool/canaries.ts';
import { mightDisplace } from './_pool/displacing.ts';
import { takePool } from './_pool/all-taken.ts';
import { observe as release } from './release/observe.ts';
import { observe as exclude } from './exclusive/observe.ts';
import { observe as measure } from './metrics/observe.ts';
import { observe as landOnPool } from './schedule/observe.ts';
import { observe as keepAway } from './taint/observe.ts';

/** A node on which a pod of others holds one of two devices, or both; and the names of the canaries that were started. */
function seenBy(of: {
  priority: number;
  holds?: number;
  canaries?: Record<string, unknown>;
  gpu?: Record<string, unknown>;
}): { cluster: OneNode; ctx: CheckContext; started: KubeObject[] } {
  const cluster = new OneNode();
  cluster.pods.set('batch', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'batch', namespace: 'ai' },
    spec: {
      ...({ priority: of.priority } as object),
      containers: [{ resources: { limits: { [RESOURCE]: String(of.holds ?? 1) } } }],
    },
    status: { phase: 'Running' },
  });
  const plain = contextOf(cluster);
  const ctx = contextOf(cluster, { gpu: { ...plain.settings.gpu, ...of.gpu } });
  const started: KubeObject[] = [];
  ctx.cluster.apply = (pods) => {
    started.push(...pods);
    // As admission does.
    cluster.apply(pods.map((pod) => ({ ...pod, spec: { ...(pod['spec'] as object), ...of.canaries } })));
    return Promise.resolve();
  };
  return { cluster, ctx, started };
}

/** A second node, of another pool, on which the pod of others holds the devices, while the one of the declared pool offers none. */
function anotherPool(of: Parameters<typeof seenBy>[0]): ReturnType<typeof seenBy> {
  const seen = seenBy({ ...of, holds: 2 });
  const { ctx, cluster } = seen;
  const full = cluster.list('v1/Node').map((node) => ({ ...node, metadata: { name: 'other-1' }, spec: {} }));
  cluster.offered = 0;
  const plain = { ...ctx.cluster };
  ctx.cluster.items = ({ kind }) => Promise.resolve([...cluster.list(kind), ...full] as never);
  const none = { status: 200, body: JSON.stringify({ items: [] }) };
  ctx.cluster.raw = (path) => (path.endsWith('gpu-1') ? Promise.resolve(none) : plain.raw(path));
  return seen;
}

/** Two nodes of the pool: one is full, and the other has free devices, which nobody gets there. */
function cordoned(unschedulable: boolean): ReturnType<typeof seenBy> {
  const seen = seenBy({ priority: -10, holds: 2 });
  const { ctx, cluster } = seen;
  const plain = { ...ctx.cluster };
  ctx.cluster.items = ({ kind }) =>
    Promise.resolve(
      cluster.list(kind).flatMap((node) => {
        const free = { ...node, metadata: { ...node.metadata, name: 'gpu-2' } };
        const spec = { ...(node['spec'] as object), unschedulable };
        const status = { ...(node['status'] as object), conditions: [] };
        return [node, unschedulable ? { ...free, spec } : { ...free, status }];
      }) as never,
    );
  const none = { status: 200, body: JSON.stringify({ items: [] }) };
  ctx.cluster.raw = (path) => (path.endsWith('gpu-2') ? Promise.resolve(none) : plain.raw(path));
  return seen;
}

const namesOf = (pods: readonly KubeObject[]): string[] => pods.map(({ metadata }) => metadata.name);

describe('a canary for which no device is free', () => {
  const name = 'gpu-one-too-many';
  for (const [check, observe] of [
    ['exhausted', takePool],
    ['release', release],
  ] as const) {
    it(`should not be started by gpu/${check} where it might displace a pod of lower priority`, async () => {
      const { cluster, ctx, started } = seenBy({ priority: -10 });
      await observe(ctx);
      assert.ok(!namesOf(started).includes(name));
      const [gap] = cluster.recorded('unavailable');
      assert.equal(gap?.['what'], name);
      assert.match(
        String(gap['reason']),
        /might displace pod ai\/batch of priority -10, since canaries have 0: /,
      );
      assert.deepEqual([...cluster.pods.keys()], ['batch'], 'nothing is left');
    });

    it(`should be started by gpu/${check} where nobody has a lower priority, or canaries displace nobody`, async () => {
      const equal = seenBy({ priority: 0 });
      await observe(equal.ctx);
      assert.ok(namesOf(equal.started).includes(name));
      const never = seenBy({
        priority: -10,
        gpu: { priorityClass: 'polite' },
        canaries: { preemptionPolicy: 'Never' },
      });
      await observe(never.ctx);
      assert.ok(namesOf(never.started).includes(name));
      assert.deepEqual(never.cluster.recorded('unavailable'), []);
      for (const { spec } of never.started as { spec?: { priorityClassName?: string } }[])
        assert.equal(spec?.priorityClassName, 'polite');
    });
  }

  it('should have the priority that the cluster gives to pods by default', async () => {
    const { cluster, ctx, started } = seenBy({ priority: 0, canaries: { priority: 1000 } });
    await takePool(ctx);
    assert.ok(!namesOf(started).includes('gpu-one-too-many'));
    assert.match(
      String(cluster.recorded('unavailable')[0]?.['reason']),
      /of priority 0, since canaries have 1000/,
    );
  });

  it('should have the priority that a policy gives to pods that ask for devices', async () => {
    const { cluster, ctx, started } = seenBy({ priority: 0 });
    ctx.cluster.apply = (pods) => {
      started.push(...pods);
      const admitted = pods.map((pod) => {
        const spec = pod['spec'] as { containers: unknown };
        const asks = JSON.stringify(spec.containers).includes(RESOURCE);
        return { ...pod, spec: { ...spec, priority: asks ? 1000 : 0 } };
      });
      cluster.apply(admitted);
      return Promise.resolve();
    };
    await takePool(ctx);
    assert.ok(!namesOf(started).includes('gpu-one-too-many'));
    assert.match(
      String(cluster.recorded('unavailable')[0]?.['reason']),
      /of priority 0, since canaries have 1000/,
    );
  });

  it('should not be started where its priority cannot be read', async () => {
    const { cluster, ctx, started } = seenBy({ priority: 0 });
    const plain = { ...ctx.cluster };
    ctx.cluster.raw = (path) =>
      path.includes('metadata.name') ? Promise.resolve({ status: 403, body: '' }) : plain.raw(path);
    await takePool(ctx);
    assert.ok(!namesOf(started).includes('gpu-one-too-many'));
    assert.match(String(cluster.recorded('unavailable')[0]?.['reason']), /could not be read/);
  });

  it('should not be started by gpu/schedule, which records that all are held', async () => {
    const { cluster, ctx, started } = seenBy({ priority: 0, holds: 2 });
    await landOnPool(ctx);
    assert.deepEqual(started, []);
    assert.deepEqual(
      cluster.recorded('gpu-busy').map(({ free, needed }) => [free, needed]),
      [[0, 1]],
    );
    const broken = seenBy({ priority: 0, holds: 0 });
    broken.cluster.offered = 0;
    await landOnPool(broken.ctx);
    assert.deepEqual(
      namesOf(broken.started),
      ['gpu-lands'],
      'where none is offered, what becomes of it is the answer',
    );
  });

  for (const [check, observe, name] of [
    ['schedule', landOnPool, 'gpu-lands'],
    ['exclusive', exclude, 'gpu-holds-0'],
  ] as const)
    it(`should not be started by gpu/${check} where the pool offers none, and others of lower priority hold those of another pool`, async () => {
      const { cluster, ctx, started } = anotherPool({ priority: -10 });
      await observe(ctx);
      assert.ok(!namesOf(started).includes(name));
      assert.equal(cluster.recorded('unavailable')[0]?.['what'], name);
      const equal = anotherPool({ priority: 0 });
      await observe(equal.ctx);
      assert.ok(namesOf(equal.started).includes(name));
    });

  it('should not be started by gpu/taint, which starts the strangers that ask for none', async () => {
    const { cluster, ctx, started } = seenBy({ priority: -10, holds: 2 });
    await keepAway(ctx);
    assert.deepEqual(namesOf(started), ['gpu-priority', 'gpu-stranger-0']);
    assert.equal(cluster.recorded('unavailable')[0]?.['what'], 'gpu-stranger-asks');
    const equal = seenBy({ priority: 0, holds: 2 });
    await keepAway(equal.ctx);
    assert.ok(namesOf(equal.started).includes('gpu-stranger-asks'));
  });

  for (const [check, observe] of [
    ['schedule', landOnPool],
    ['exclusive', exclude],
    ['metrics', measure],
  ] as const)
    for (const unschedulable of [true, false])
      it(`should not be started by gpu/${check} for devices of a node that is ${unschedulable ? 'cordoned' : 'not Ready'}`, async () => {
        const { cluster, ctx, started } = cordoned(unschedulable);
        await observe(ctx);
        assert.deepEqual(started, []);
        assert.equal(cluster.recorded('gpu-busy')[0]?.['free'], 0);
      });

  it('should not be started where the pods of others cannot be read', async () => {
    const { ctx, started } = seenBy({ priority: 0 });
    ctx.cluster.raw = () => Promise.resolve({ status: 403, body: '' });
    await Canaries.use(ctx, async (canaries) => {
      assert.equal(await mightDisplace(ctx, canaries, 'x'), true);
    });
    assert.deepEqual(started, []);
  });

  it('should not be started where the declared class lets it displace others after all', async () => {
    const { cluster, ctx, started } = seenBy({ priority: 0, gpu: { priorityClass: 'rude' } });
    await takePool(ctx);
    assert.ok(!namesOf(started).includes('gpu-one-too-many'));
    assert.match(
      String(cluster.recorded('unavailable')[0]?.['reason']),
      /PriorityClass rude has no preemptionPolicy Never/,
    );
  });
});
