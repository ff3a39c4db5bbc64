import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import type { PressureLook } from '../reports/record/pressure.ts';
import { lookAtUse, NodesWatch, NoMetricsError } from './nodes-use.ts';
import type { Asked, NodesUse } from './nodes-use.ts';

const pod = (namespace: string, name: string, nodeName?: string) => ({
  metadata: { namespace, name },
  spec: { nodeName },
  status: { phase: nodeName === undefined ? 'Pending' : 'Running' },
});
const node = (name: string, cpu: string) => ({ metadata: { name }, status: { allocatable: { cpu } } });
const used = (name: string, ...cpus: string[]) => ({
  metadata: { name },
  containers: cpus.map((cpu) => ({ usage: { cpu } })),
});

const PODS = [pod('tender', 'api-1', 'w1'), pod('edge', 'proxy-1', 'w2'), pod('other', 'batch-1', 'w3')];
const NODES = [node('w1', '3500m'), node('w2', '4'), node('w3', '64')];
const ANSWERS: Readonly<Record<string, unknown>> = {
  nodes: {
    items: [
      { metadata: { name: 'w1' }, usage: { cpu: '1500m' } },
      { metadata: { name: 'w2' }, usage: { cpu: '500000000n' } },
      { metadata: { name: 'w3' }, usage: { cpu: '60' } },
    ],
  },
  'namespaces/tender/pods': { items: [used('api-1', '900m', '100m')] },
  'namespaces/edge/pods': { items: [used('proxy-1', '250m')] },
};

interface Variation {
  pods?: unknown[];
  answers?: Readonly<Record<string, unknown>>;
  status?: number;
}

function cluster({ pods = PODS, answers = {}, status = 200 }: Variation = {}): Asked {
  const said: Readonly<Record<string, unknown>> = { ...ANSWERS, ...answers };
  return {
    list: ({ kind }: { kind: string }) => Promise.resolve({ items: kind === 'v1/Pod' ? pods : NODES }),
    client: {
      raw: (path: string) => {
        const body = JSON.stringify(said[path.replace('/apis/metrics.k8s.io/v1beta1/', '')]);
        return Promise.resolve({ status: path.endsWith('/pods') ? status : 200, body });
      },
    },
  } as unknown as Asked;
}

const NAMESPACES = ['tender', 'edge'];

describe('how busy nodes are', () => {
  it('should add up the nodes that hold pods of the environment, and what its pods take of them', async () => {
    const use = await lookAtUse(cluster(), NAMESPACES);
    assert.deepEqual(use, { nodes: 2, cores: 7.5, used: 2, ours: 1.25 });
  });

  it('should say nothing while a pod of the environment runs that is not measured yet', async () => {
    const pods = [...PODS, pod('tender', 'api-2', 'w1')];
    assert.equal(await lookAtUse(cluster({ pods }), NAMESPACES), null);
    const waiting = [...PODS, pod('tender', 'api-2')];
    assert.notEqual(await lookAtUse(cluster({ pods: waiting }), NAMESPACES), null);
  });

  it('should say nothing where a node is not measured, or an amount is none', async () => {
    const without = { nodes: { items: [{ metadata: { name: 'w1' }, usage: { cpu: '1' } }] } };
    assert.equal(await lookAtUse(cluster({ answers: without }), NAMESPACES), null);
    const odd = { 'namespaces/edge/pods': { items: [used('proxy-1', 'much')] } };
    assert.equal(await lookAtUse(cluster({ answers: odd }), NAMESPACES), null);
    assert.equal(await lookAtUse(cluster({ status: 503 }), NAMESPACES), null);
  });

  it('should know when it makes no sense to ask again', async () => {
    for (const status of [401, 403, 404])
      await assert.rejects(lookAtUse(cluster({ status }), NAMESPACES), NoMetricsError);
  });
});

describe('a watch over the nodes', () => {
  const NEVER_MS = 3_600_000;
  const USE: NodesUse = { nodes: 2, cores: 8, used: 6, ours: 2 };

  it('should add up what was taken between two looks, at the begin and at the end', async () => {
    const looks: PressureLook[] = [];
    const watch = new NodesWatch(() => Promise.resolve(USE), NEVER_MS);
    await watch.follow((look) => looks.push(look)).close();
    const [first, last, more] = looks;
    assert.ok(first?.cores && last?.cores && more === undefined);
    const ms = last.t - first.t;
    assert.ok(ms > 0);
    assert.ok(Math.abs(last.cores.busyMs - first.cores.busyMs - 6 * ms) < 1e-6);
    assert.ok(Math.abs(last.cores.oursMs - first.cores.oursMs - 2 * ms) < 1e-6);
    assert.deepEqual([last.cores.count, last.nodes, last.cpuMs], [8, 2, null]);
  });

  it('should tell nothing of what could not be looked at, and ask no more where it never can be', async () => {
    const looks: PressureLook[] = [];
    let asked = 0;
    const answers = [null, new Error('timed out'), new NoMetricsError('403')];
    const watch = new NodesWatch(() => {
      const answer = answers[asked++] ?? null;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    }, NEVER_MS);
    for (let i = 0; i < 3; i++) await watch.follow((look) => looks.push(look)).close();
    assert.deepEqual([looks.length, asked], [0, 3]);
  });

  it("should put its calls on nobody's account", async () => {
    const account = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const watch = new NodesWatch(() => {
      seen.push(account.getStore());
      return Promise.resolve(null);
    }, NEVER_MS);
    await account.run('a check', () => watch.follow(() => undefined).close());
    assert.deepEqual(seen, [undefined, undefined]);
  });
});
