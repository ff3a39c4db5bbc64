import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { catalogue } from '../../catalogue/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { NodeObject, PodObject } from './shapes.ts';
import { ownNodes, podsOnOwn, settledWorkloads, withoutOthers } from './declared.ts';

interface Scaled {
  context: CheckContext;
  /** Names of what was waited for. */
  waited: string[];
}

/**
 * Two Deployments that want three pods and have two; what is waited for arrives, or never does.
 * @param paused how many of their pods have the last template
 * @param has how many of their pods are ready
 */
function scaled({ arrives, paused, has = 2 }: { arrives: boolean; paused?: number; has?: number }): Scaled {
  const updatedReplicas = paused ?? 3;
  const declared = (name: string, max: number) => ({
    kind: 'Deployment',
    namespace: 'tender',
    name,
    replicas: { min: 2, max },
  });
  const ready = new Map([
    ['api', has],
    ['fixed', has],
  ]);
  const waited: string[] = [];
  const context = {
    settings: { workloads: [declared('api', 4), declared('fixed', 2)] },
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    cluster: {
      items: () =>
        Promise.resolve(
          [...ready].map(([name, readyReplicas]) => ({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { namespace: 'tender', name },
            spec: { replicas: 3, paused: paused !== undefined },
            status: { readyReplicas, updatedReplicas, replicas: 3 },
          })),
        ),
      wait: ({ names: [name = ''] }: { names: string[] }) => {
        waited.push(name);
        if (!arrives) return Promise.reject(new Error('not ready within 1 s'));
        ready.set(name, 3);
        return Promise.resolve({ items: [] });
      },
    },
  };
  return { context: context as unknown as CheckContext, waited };
}

const readyOf = async (context: CheckContext): Promise<(number | undefined)[]> =>
  (await settledWorkloads(context)).map(({ object }) => object?.status?.readyReplicas);

test('should look at a workload that an autoscaler moves once its pods have arrived', async () => {
  const { context, waited } = scaled({ arrives: true });
  assert.deepEqual(await readyOf(context), [3, 2]);
  assert.deepEqual(waited, ['api'], 'where the number is fixed, what is not ready is a finding at once');
});

test('should wait for a paused Deployment that is scaled, and for no rollout that nobody resumes', async () => {
  const resized = scaled({ arrives: true, paused: 3 });
  assert.deepEqual([await readyOf(resized.context), resized.waited], [[3, 2], ['api']]);
  const held = scaled({ arrives: true, paused: 0, has: 3 });
  assert.deepEqual([await readyOf(held.context), held.waited], [[3, 3], []]);
  const both = scaled({ arrives: true, paused: 0 });
  assert.deepEqual((await readyOf(both.context))[0], 3, 'held and scaled');
});

/** Rollouts, one of which has its template in a Deployment, as far as that is there. */
function rolledOut(deployments: readonly string[]): {
  context: CheckContext;
  told: string[];
  kinds: string[];
} {
  const told: string[] = [];
  const kinds: string[] = [];
  const template = (image: string) => ({ spec: { containers: [{ name: 'app', image }] } });
  const rollout = (name: string, spec: object) => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { namespace: 'tender', name },
    spec: { replicas: 3, ...spec },
    status: { readyReplicas: 3, updatedReplicas: 3, replicas: 3 },
  });
  const lists: Record<string, object[]> = {
    'argoproj.io/v1alpha1/Rollout': [
      rollout('api', { template: template('api:1') }),
      rollout('web', { workloadRef: { kind: 'Deployment', name: 'web-base' } }),
    ],
    'apps/v1/Deployment': deployments.map((name) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'tender', name },
      spec: { replicas: 0, template: template('web:1') },
    })),
  };
  const declared = (name: string) => ({
    kind: 'Rollout',
    namespace: 'tender',
    name,
    replicas: { min: 3, max: 3 },
  });
  const context = {
    settings: { workloads: [declared('api'), declared('web')] },
    signal: new AbortController().signal,
    timeoutMs: () => 1000,
    unavailable: (what: string, reason: string) => told.push(`${what}: ${reason}`),
    cluster: {
      items: ({ kind }: { kind: string }) => {
        kinds.push(kind);
        return Promise.resolve(lists[kind] ?? []);
      },
    },
  };
  return { context: context as unknown as CheckContext, told, kinds };
}

test('should find declared Rollouts with their templates, wherever these are', async () => {
  const { context, told } = rolledOut(['web-base']);
  const found = await settledWorkloads(context);
  const images = found.map(({ object }) => object?.spec.template.spec.containers[0]?.image);
  assert.deepEqual([images, told], [['api:1', 'web:1'], []]);
  assert.deepEqual(
    found.map(({ name }) => name),
    ['Rollout tender/api', 'Rollout tender/web'],
  );
});

test('should say which template of a Rollout could not be read', async () => {
  const { context, told } = rolledOut([]);
  assert.deepEqual(
    (await settledWorkloads(context)).map(({ object }) => object?.metadata.name),
    ['api', undefined],
  );
  assert.deepEqual(told, [
    'Rollout tender/web: it has no template, and Deployment web-base that it refers to could not be read',
  ]);
});

test('should leave what never arrives to the judge, as it is', async () => {
  const { context } = scaled({ arrives: false });
  assert.deepEqual(await readyOf(context), [2, 2]);
});

test('should leave out nodes that have every label of those of others, and no other', () => {
  const node = (name: string, labels?: Record<string, string>): NodeObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: {},
    status: {},
  });
  const all = [node('a'), node('b', { team: 'x' }), node('c', { team: 'x', pool: 'y' })];
  const names = (labels: Record<string, string>[]): string[] =>
    withoutOthers(all, { others: labels.map((one) => ({ labels: one, reason: 'r' })) }).map(
      ({ metadata }) => metadata.name,
    );
  assert.deepEqual(names([{ team: 'x', pool: 'y' }]), ['a', 'b']);
  assert.deepEqual(names([{ team: 'x' }, { other: 'z' }]), ['a']);
  assert.deepEqual(names([]), ['a', 'b', 'c']);
  assert.equal(withoutOthers(all).length, 3);
});

test('should look at no node that is coming or going, and record its name, and how many are of others', () => {
  const node = (name: string, labels: Record<string, string>, ...taints: [string, string][]) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    status: {},
    spec: { taints: taints.map(([key, effect]) => ({ key, effect })) },
  });
  const all = [
    node('serves', {}, ['nvidia.com/gpu', 'NoSchedule'], ['karpenter.sh/a', 'PreferNoSchedule']),
    node('comes', {}, ['karpenter.sh/unregistered', 'NoExecute']),
    node('lost', {}, ['node.kubernetes.io/unreachable', 'NoExecute']),
    node('strange', { team: 'x' }, ['karpenter.sh/unregistered', 'NoExecute']),
  ];
  const declared = {
    others: [
      { labels: { team: 'x' }, reason: 'r' },
      { labels: { team: 'x', zone: 'gone' }, reason: 'r' },
    ],
    passingTaints: ['karpenter.sh/*', 'node.kubernetes.io/*'],
  };
  for (const settings of [{ nodes: declared }, { topology: { nodes: declared } }]) {
    const seen: unknown[] = [];
    const context = { settings, record: (...line: unknown[]) => seen.push(line) };
    const own = ownNodes(context as unknown as CheckContext, all);
    assert.deepEqual(
      own.map(({ metadata }) => metadata.name),
      ['serves', 'lost'],
    );
    assert.deepEqual(seen, [
      ['nodes-of-others', { group: 'team=x', nodes: 1 }],
      ['nodes-of-others', { group: 'team=x, zone=gone', nodes: 0 }],
      ['node-passing', { node: 'comes', taints: ['karpenter.sh/unregistered'] }],
    ]);
    const on = ['serves', 'comes', 'lost', 'strange', 'unlisted', undefined];
    const pods = on.map((nodeName) => ({ spec: { nodeName } })) as unknown as PodObject[];
    const kept = podsOnOwn(context as unknown as CheckContext, pods, all);
    assert.deepEqual(
      kept.map(({ spec }) => spec.nodeName),
      ['serves', 'lost', 'unlisted', undefined],
    );
    assert.equal(seen.length, 3, 'a node is named once');
  }
});

test('should give every check that lists nodes, or makes pods on them, what the environment says of others', async () => {
  const environment = await loadEnvironment('local');
  const without = catalogue()
    .filter(({ observe }) => observe !== undefined)
    .filter(
      ({ touches: { lists = [], makes = [] } }) => lists.includes('v1/Node') || makes.includes('v1/Pod'),
    )
    .filter(({ reads }) => {
      const given = reads(environment);
      return given.nodes === undefined && given.topology?.nodes === undefined;
    })
    .map(({ id }) => id);
  assert.deepEqual(without, []);
});
