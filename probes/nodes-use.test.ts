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
const node = (name: string, cpu: string) => ({
  metadata: { name },
  status: { capacity: { cpu }, allocatable: { cpu: '1' } },
});
const used = (name: string, ...cpus: string[]) => ({
  metadata: { name },
  containers: cpus.map((cpu) => ({ usage: { cpu } })),
});

const PODS = [pod('tender', 'api-1', 'w1'), pod('edge', 'proxy-1', 'w2'), pod('other', 'batch-1', 'w3')];
const NODES = [node('w1', '3500m'), node('w2', '4'), node('w3', '64')];
const END = '2026-11-27T21:00:10Z';
const onNode = (name: string, cpu: string, timestamp = END, window = '10.5s') => ({
  metadata: { name },
  timestamp,
  window,
  usage: { cpu },
});
const ANSWERS: Readonly<Record<string, unknown>> = {
  nodes: {
    items: [
      onNode('w1', '1500m'),
      onNode('w2', '500000000n', '2026-11-27T21:00:12Z', '1m0s'),
      onNode('w3', '60'),
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

const NAMESPACES = { environment: ['tender', 'edge'], harness: ['plumbline-canary'] };

describe('how busy nodes are', () => {
  it('should add up the nodes that hold pods of the environment, and what its pods take of them', async () => {
    const use = await lookAtUse(cluster(), NAMESPACES);
    assert.deepEqual(use, {
      nodes: 2,
      cores: 7.5,
      used: 2,
      ours: 1.25,
      pods: 'api-1 proxy-1',
      fromMs: Date.parse('2026-11-27T20:59:12Z'),
      toMs: Date.parse('2026-11-27T21:00:10Z'),
    });
  });

  it('should leave out what a DaemonSet has on nodes of others, which may be dead, and count it on its own', async () => {
    const agent = (name: string, nodeName: string) => {
      const made = pod('tender', name, nodeName);
      return {
        ...made,
        metadata: { ...made.metadata, ownerReferences: [{ kind: 'DaemonSet', name: 'agent' }] },
      };
    };
    const pods = [...PODS, agent('agent-1', 'w1'), agent('agent-3', 'w3'), agent('agent-9', 'dead')];
    const items = [used('api-1', '1'), used('agent-1', '250m'), used('agent-3', '1')];
    const use = await lookAtUse(
      cluster({ pods, answers: { 'namespaces/tender/pods': { items } } }),
      NAMESPACES,
    );
    assert.deepEqual([use?.nodes, use?.ours], [2, 1.5]);
  });

  it('should leave out nodes that hold only pods of the harness, or what has ended', async () => {
    const ended = { ...pod('tender', 'job-1', 'w3'), status: { phase: 'Succeeded' } };
    const pods = [...PODS, pod('plumbline-canary', 'writer', 'w3'), ended];
    const answers = { 'namespaces/plumbline-canary/pods': { items: [used('writer', '50m')] } };
    const use = await lookAtUse(cluster({ pods, answers }), NAMESPACES);
    assert.deepEqual([use?.nodes, use?.ours], [2, 1.3]);
  });

  it('should say nothing while a pod of the environment runs that is not measured yet', async () => {
    const pods = [...PODS, pod('tender', 'api-2', 'w1')];
    assert.equal(await lookAtUse(cluster({ pods }), NAMESPACES), null);
    const waiting = [...PODS, pod('tender', 'api-2')];
    assert.notEqual(await lookAtUse(cluster({ pods: waiting }), NAMESPACES), null);
  });

  it('should say nothing where a node is not measured, or an amount is none', async () => {
    const without = { nodes: { items: [onNode('w1', '1')] } };
    assert.equal(await lookAtUse(cluster({ answers: without }), NAMESPACES), null);
    const odd = { 'namespaces/edge/pods': { items: [used('proxy-1', 'much')] } };
    assert.equal(await lookAtUse(cluster({ answers: odd }), NAMESPACES), null);
    const timeless = { nodes: { items: [onNode('w1', '1', END, 'a while'), onNode('w2', '1')] } };
    assert.equal(await lookAtUse(cluster({ answers: timeless }), NAMESPACES), null);
    assert.equal(await lookAtUse(cluster({ status: 503 }), NAMESPACES), null);
  });

  it('should know when it makes no sense to ask again', async () => {
    for (const status of [401, 403, 404])
      await assert.rejects(lookAtUse(cluster({ status }), NAMESPACES), NoMetricsError);
  });
});

describe('a watch over the nodes', () => {
  const NEVER_MS = 3_600_000;
  const use = (toMs: number, pods = 'a b', fromMs = Date.now() + 60_000): NodesUse => ({
    nodes: 2,
    cores: 8,
    used: 6,
    ours: 2,
    fromMs,
    toMs,
    pods,
  });

  /** What is told of these looks, one after the other. */
  async function toldOf(answers: (NodesUse | null | Error)[]): Promise<PressureLook[]> {
    const looks: PressureLook[] = [];
    let at = 0;
    const watch = new NodesWatch(() => {
      const answer = answers[at++] ?? null;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    }, NEVER_MS);
    // Whoever begins looks once, whoever ends once more.
    for (let i = 0; i < answers.length / 2; i++) await watch.follow((look) => looks.push(look)).close();
    return looks;
  }

  it('should add up what was taken between two samples', async () => {
    const [first, last] = await toldOf([use(1), use(2)]);
    assert.ok(first?.cores && last?.cores);
    const ms = last.t - first.t;
    assert.deepEqual(first.cores, { count: 8, knownMs: 0, busyMs: 0, oursMs: 0 });
    assert.deepEqual(last.cores, { count: 8, knownMs: ms, busyMs: 6 * ms, oursMs: 2 * ms });
    assert.deepEqual([last.nodes, last.cpuMs], [2, null]);
  });

  it('should wait for another sample, and then tell of the whole time since the one before', async () => {
    const looks = await toldOf([use(1), use(1), use(1), use(2)]);
    assert.deepEqual(
      looks.map(({ cores }) => (cores?.knownMs ?? 0) > 0),
      [false, false, false, true],
    );
    assert.equal(looks[3]?.cores?.knownMs, (looks[3]?.t ?? 0) - (looks[0]?.t ?? 0));
  });

  it('should tell nothing of a time in which something was not known, or somebody came or went', async () => {
    const nothing = (looks: PressureLook[]) => looks.every(({ cores }) => cores?.knownMs === 0);
    assert.ok(nothing(await toldOf([use(1), null, use(2), null])));
    assert.ok(nothing(await toldOf([use(1), use(2, 'a b c'), use(3, 'a b')])));
    assert.ok(
      nothing(await toldOf([use(1), use(2, 'a b', Date.now() - 60_000)])),
      'a sample that began before',
    );
  });

  it('should tell nothing where nothing was ever known, and ask no more where it never can be', async () => {
    assert.deepEqual(await toldOf([null, new Error('timed out')]), []);
    let asked = 0;
    const watch = new NodesWatch(() => {
      asked += 1;
      return Promise.reject(new NoMetricsError('403'));
    }, NEVER_MS);
    for (let i = 0; i < 3; i++) await watch.follow(() => undefined).close();
    assert.equal(asked, 1);
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
