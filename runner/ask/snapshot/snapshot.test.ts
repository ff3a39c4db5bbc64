import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../suites/harness/protocol.ts';
import { changes, comparedObjects, comparedRoles, differences, leaveOut, restlessLines } from './snapshot.ts';
import type { SeenObject, SeenStore, Snapshot } from './snapshot.ts';
import type { SnapshotSource } from './stores.ts';
import { takeSnapshot } from './take.ts';

/** A snapshot that holds just these, by `KIND NAME`. */
function holding(
  objects: Record<string, Partial<SeenObject>>,
  stores: Record<string, SeenStore> = {},
): Snapshot {
  const seen = Object.entries(objects).map(([text, of]): [string, SeenObject] => {
    const [kind = '', name = ''] = text.split(' ');
    return [text, { kind, name, declared: '{}', ...of }];
  });
  return { objects: new Map(seen), stores: new Map(Object.entries(stores)) };
}

const STEADY: SeenStore = { standing: 'steady', roles: 'leader, replica; steady' };

test('should name what is new, gone or changed, and nothing else', () => {
  const before = holding(
    { 'Deployment a': { declared: '{"replicas":2}' }, 'Pod stray': {}, 'Service same': {} },
    { postgres: STEADY },
  );
  const after = holding(
    { 'Deployment a': { declared: '{"replicas":0}' }, 'Service new': {}, 'Service same': {} },
    { postgres: STEADY },
  );
  const found = changes(before, after);
  assert.deepEqual(
    found.map(({ kind, name, became, fields, text }) => [kind, name, became, fields, text]),
    [
      ['Deployment', 'a', 'changed', ['replicas'], 'Deployment a: changed in replicas (was 2, is 0)'],
      ['Pod', 'stray', 'gone', undefined, 'Pod stray is gone'],
      ['Service', 'new', 'new', undefined, 'Service new is new'],
    ],
  );
  assert.deepEqual(differences(before, before), []);
});

test('should let a pod go that was on its way out before, and wait for one that is after', () => {
  const [there, none] = [{ terminating: true } as const, holding({})];
  const going = holding({ 'Pod control-co-located-1': there });
  assert.deepEqual(differences(going, none), []);
  assert.deepEqual(differences(none, going), ['Pod control-co-located-1 is terminating']);
  assert.deepEqual(differences(holding({ 'Pod control-co-located-1': {} }), going), [
    'Pod control-co-located-1 is terminating',
  ]);
});

test('should show long roles from their beginnings', () => {
  const roles = (text: string) => holding({}, { redis: { standing: 'unsteady', roles: text } });
  const long = 'x'.repeat(1_000);
  assert.deepEqual(differences(roles(long), roles('y')), [`roles of redis: was ${'x'.repeat(300)}, is y`]);
});

const NAMESPACES = { platform: 'tender', edge: 'edge', canary: 'plumbline-canary' };

/** A cluster that holds just these. */
function sourceOf(objects: readonly KubeObject[], cluster: object = { embedded: 'local' }): SnapshotSource {
  const list = ({ kind }: { kind: string }): Promise<{ items: KubeObject[] }> =>
    Promise.resolve({ items: objects.filter((one) => `${one.apiVersion}/${one.kind}` === kind) });
  const topology = { workloads: [{ namespace: 'observability' }] };
  return {
    runState: {
      environment: { namespaces: NAMESPACES, stores: {}, topology, cluster },
    },
    stores: {},
    parts: { cluster: { list }, signal: new AbortController().signal },
  } as unknown as SnapshotSource;
}

const object = (kind: string, name: string, rest: Record<string, unknown>): KubeObject => {
  const [, apiVersion = '', bare = ''] = /^(.+)\/([^/]+)$/.exec(kind) ?? [];
  return { apiVersion, kind: bare, metadata: { name, namespace: 'tender' }, ...rest };
};

test('should take a claim that was made again for the same, whatever volume it has, once it is bound', async () => {
  const claim = (volumeName: string | undefined, phase: string): SnapshotSource => {
    const spec = { storageClassName: 'local', ...(volumeName !== undefined && { volumeName }) };
    return sourceOf([object('v1/PersistentVolumeClaim', 'data-0', { spec, status: { phase } })]);
  };
  const before = await takeSnapshot(claim('pv-1', 'Bound'));
  assert.deepEqual(differences(before, await takeSnapshot(claim('pv-2', 'Bound'))), []);
  for (const open of [claim(undefined, 'Pending'), claim('pv-1', 'Lost')])
    assert.match(
      differences(before, await takeSnapshot(open)).join(),
      /data-0: changed in spec\.bound \(was true, is false\)$/,
    );
});

test('should let an object go that was on its way out before, and wait for one that is after', async () => {
  const claim = object('v1/PersistentVolumeClaim', 'persist', { spec: {}, status: { phase: 'Bound' } });
  const { metadata } = claim;
  const going = { ...claim, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  const snapshot = (objects: KubeObject[]) => takeSnapshot(sourceOf(objects));
  assert.deepEqual(differences(await snapshot([going]), await snapshot([])), []);
  assert.match(differences(await snapshot([]), await snapshot([going])).join(), /persist is terminating/);
});

test('should wait until an autoscaler has brought its workload within its limits', async () => {
  const scaled = async (replicas: number): Promise<string[]> => {
    const scaleTargetRef = { kind: 'Deployment', name: 'api' };
    const spec = { scaleTargetRef, minReplicas: 2, maxReplicas: 5 };
    const template = { spec: { containers: [{ name: 'api' }] } };
    const counts = { replicas, readyReplicas: replicas, updatedReplicas: replicas };
    return restlessLines(
      await takeSnapshot(
        sourceOf([
          object('autoscaling/v2/HorizontalPodAutoscaler', 'api', { spec }),
          object('apps/v1/Deployment', 'api', { spec: { replicas, template }, status: counts }),
        ]),
      ),
    );
  };
  const open = ['Deployment tender/api is not ready'];
  assert.deepEqual(
    [await scaled(1), await scaled(2), await scaled(5), await scaled(6)],
    [open, [], [], open],
  );
});

test('should compare Rollouts where the environment declares one, and only there', async () => {
  const asked: string[] = [];
  const scaleTargetRef = { kind: 'Rollout', name: 'api' };
  const taken = async (readyReplicas: number, kinds: string[]): Promise<Snapshot> => {
    const source = sourceOf([
      object('autoscaling/v2/HorizontalPodAutoscaler', 'api', {
        spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 5 },
      }),
      object('argoproj.io/v1alpha1/Rollout', 'api', {
        spec: { replicas: 2 },
        status: { observedGeneration: '3', replicas: 2, readyReplicas, updatedReplicas: 2 },
      }),
    ]);
    const { cluster } = source.parts;
    const list: typeof cluster.list = (of) => {
      asked.push(of.kind);
      return cluster.list(of);
    };
    const workloads = kinds.map((kind) => ({ kind, namespace: 'tender', name: 'api' }));
    const environment = { ...source.runState.environment, topology: { workloads } };
    return takeSnapshot({
      ...source,
      runState: { environment } as unknown as SnapshotSource['runState'],
      parts: { ...source.parts, cluster: { list } },
    });
  };
  const rollout = await taken(2, ['Rollout']);
  assert.deepEqual(restlessLines(rollout), []);
  assert.match(rollout.objects.get('Rollout tender/api')?.declared ?? '', /"replicas":"by load"/);
  assert.deepEqual(restlessLines(await taken(1, ['Rollout'])), ['Rollout tender/api is not ready']);
  asked.length = 0;
  await taken(1, ['Deployment']);
  assert.ok(!asked.some((kind) => kind.includes('argoproj')), 'elsewhere the cluster may not know the kind');
});

test('should name what is not ready or not steady as unrest, and nothing else', () => {
  const seen = holding(
    {
      'Deployment tender/api': { ready: false },
      'Deployment tender/web': { ready: true },
      'Node worker-1': { ready: false },
      'Node worker-2': { ready: true },
      'Node burst-1': { ready: false, unused: true },
      'Service tender/api': {},
    },
    {
      postgres: STEADY,
      redis: { standing: 'unsteady', roles: 'master; its replica says that it is steady' },
      neo4j: { standing: 'unsteady', roles: 'not seen: no answer' },
    },
  );
  assert.deepEqual(restlessLines(seen), [
    'Deployment tender/api is not ready',
    'Node worker-1 is not ready',
    'roles of redis: master; its replica says that it is steady',
    'roles of neo4j: not seen: no answer',
  ]);
});

test('should look at what is declared and at what controls change, wherever it runs', async () => {
  const server = (namespace: string): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'server', namespace },
    spec: { replicas: 1 },
  });
  const all = await takeSnapshot(sourceOf(['observability', 'kube-system', 'elsewhere'].map(server)));
  assert.deepEqual(
    [...all.objects.keys()],
    ['Deployment observability/server', 'Deployment kube-system/server'],
  );
});

test('should take a pod that nobody owns for a leftover where Plumbline works, and not among those of the cluster itself', async () => {
  const pod = (namespace: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod-delete-pvc-1', namespace },
  });
  const seen = await takeSnapshot(sourceOf(['plumbline-canary', 'kube-system'].map(pod)));
  assert.deepEqual([...seen.objects.keys()], ['Pod plumbline-canary/helper-pod-delete-pvc-1']);
});

const unasked = (why: string): SeenStore => ({
  standing: 'unasked',
  roles: `cannot be asked (route): ${why}`,
});
const DOWN: SeenStore = { standing: 'unsteady', roles: 'not seen: connect ECONNREFUSED' };

test('false verdict 17: a store that cannot be asked is in the way of its own checks and of no other', () => {
  const seen = holding({}, { postgres: STEADY, redis: unasked('no route'), neo4j: DOWN });
  const neo4j = 'roles of neo4j: not seen: connect ECONNREFUSED';
  assert.deepEqual(restlessLines(seen), [neo4j]);
  assert.deepEqual(restlessLines(seen, 'postgres'), [neo4j]);
  assert.deepEqual(restlessLines(seen, 'redis'), [
    'roles of redis: cannot be asked (route): no route',
    neo4j,
  ]);
});

test('false verdict 17: with the roles of a store that could not be asked nothing is compared, and with any other everything', () => {
  const redis = (seen: SeenStore): Snapshot => holding({}, { redis: seen });
  assert.deepEqual(differences(redis(unasked('10.0.0.1')), redis(unasked('10.0.0.2'))), []);
  assert.deepEqual(differences(redis(unasked('10.0.0.1')), redis(STEADY)), []);
  assert.equal(differences(redis(STEADY), redis(unasked('10.0.0.1'))).length, 1);
});

test('should let a store that is broken be, unless the trial is about it', () => {
  const seen = holding({}, { redis: DOWN, rabbitmq: STEADY });
  leaveOut(seen, 'redis');
  assert.deepEqual(restlessLines(seen, 'rabbitmq'), []);
  assert.equal(restlessLines(seen, 'redis').length, 1);
  // It may come back, or say something else, without a difference that the trial has made.
  const after = holding({}, { redis: STEADY, rabbitmq: STEADY });
  assert.deepEqual(differences(seen, after), []);
  assert.deepEqual(
    comparedRoles(seen, null).map(({ store, after: is }) => [store, is]),
    [['rabbitmq', 'not seen']],
  );
});

const STRANGERS = { kubeconfig: 'file' };
const READY = [{ type: 'Ready', status: 'True' }];

const node = (name: string, conditions: object[] = READY, taints: object[] = []): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  spec: { taints },
  status: { conditions },
});

const pod = (name: string, nodeName: string, owner: { kind: string; name: string }): KubeObject =>
  object('v1/Pod', name, {
    metadata: { name, namespace: 'tender', ownerReferences: [{ ...owner, controller: true }] },
    spec: { nodeName },
    status: { phase: 'Running', conditions: [] },
  });

const STORE = pod('db-0', 'node-1', { kind: 'StatefulSet', name: 'db' });

test('should look at the nodes that hold pods of the environment, and let those of others come, go and be broken', async () => {
  const seen = (...others: KubeObject[]): Promise<Snapshot> =>
    takeSnapshot(sourceOf([STORE, node('node-1'), ...others], STRANGERS));
  const before = await seen(node('burst-1', [], [{ key: 'startup', effect: 'NoSchedule' }]), node('burst-2'));
  assert.deepEqual(restlessLines(before), []);
  assert.deepEqual(
    comparedObjects(before),
    comparedObjects(await seen()),
    'the others are not among those compared',
  );
  assert.deepEqual(differences(before, await seen(node('burst-1'), node('burst-3', []))), []);
  const gone = await takeSnapshot(sourceOf([STORE, node('burst-2')], STRANGERS));
  const why = 'a group of machines has replaced it, or somebody has deleted it (Plumbline deletes no Node)';
  assert.deepEqual(differences(before, gone), [`Node node-1 is gone: ${why}`]);
  const moved = pod('db-0', 'node-9', { kind: 'StatefulSet', name: 'db' });
  const replaced = await takeSnapshot(sourceOf([moved, node('burst-1', []), node('node-9')], STRANGERS));
  assert.deepEqual(differences(before, replaced), [
    `Node node-1 is gone: ${why}; new since then: Node node-9`,
  ]);
  const broken = await takeSnapshot(sourceOf([STORE, node('node-1', [])], STRANGERS));
  assert.deepEqual(restlessLines(broken), ['Node node-1 is not ready']);
  assert.deepEqual(differences(before, broken), ['Node node-1 was ready, is not']);
});

test('should still look at a node whose pods went elsewhere, and not hold it against a node that it did not hold them before', async () => {
  const nodes = (ready: object[]): KubeObject[] => [node('node-1', ready), node('node-2', [])];
  const before = await takeSnapshot(sourceOf([STORE, ...nodes(READY)], STRANGERS));
  const moved = pod('db-0', 'node-2', { kind: 'StatefulSet', name: 'db' });
  const after = (ready: object[]): Promise<Snapshot> =>
    takeSnapshot(sourceOf([moved, ...nodes(ready)], STRANGERS));
  assert.deepEqual(differences(before, await after(READY)), []);
  assert.deepEqual(differences(before, await after([])), ['Node node-1 was ready, is not']);
});

test('should look at every node of a cluster that is ours', async () => {
  const seen = await takeSnapshot(sourceOf([STORE, node('node-1'), node('node-2', [])]));
  assert.deepEqual(restlessLines(seen), ['Node node-2 is not ready']);
});

test('should not wait for the pod that a DaemonSet has on a node of others, and for any other of it', async () => {
  const agent = { kind: 'DaemonSet', name: 'agent' };
  const set = object('apps/v1/DaemonSet', 'agent', {
    spec: { template: { spec: { containers: [] } } },
    status: { numberReady: 1, desiredNumberScheduled: 2 },
  });
  const on = async (where: string): Promise<string[]> => {
    const objects = [set, STORE, node('node-1'), node('burst-1', []), pod('agent-x', where, agent)];
    return restlessLines(await takeSnapshot(sourceOf(objects, STRANGERS)));
  };
  assert.deepEqual(await on('burst-1'), []);
  assert.deepEqual(await on('node-1'), ['DaemonSet tender/agent is not ready']);
});

test('should not wait for the pod of a DaemonSet that finds no room on a node of others, nor count two there twice', async () => {
  const agent = { kind: 'DaemonSet', name: 'agent' };
  const set = (numberReady: number): KubeObject =>
    object('apps/v1/DaemonSet', 'agent', {
      spec: { template: { spec: { containers: [] } } },
      status: { numberReady, desiredNumberScheduled: 2 },
    });
  const pending = (name: string, desiredNode: string): KubeObject => ({
    ...pod(name, '', agent),
    spec: { desiredNode },
    status: { phase: 'Pending', conditions: [] },
  });
  const ready = { ...pod('agent-r', 'burst-1', agent), status: { phase: 'Running', conditions: READY } };
  const nodes = [STORE, node('node-1'), node('burst-1')];
  const restless = async (...objects: KubeObject[]): Promise<string[]> =>
    restlessLines(await takeSnapshot(sourceOf([...nodes, ...objects], STRANGERS)));
  const wanting = ['DaemonSet tender/agent is not ready'];
  assert.deepEqual(await restless(set(1), pending('agent-x', 'burst-1')), []);
  assert.deepEqual(await restless(set(1), pending('agent-x', 'node-1')), wanting);
  // One of ours is missing; on the node of others one is ending and its successor waits.
  const two = [pod('agent-x', 'burst-1', agent), pending('agent-y', 'burst-1')];
  assert.deepEqual(await restless(set(0), ...two), wanting);
  assert.deepEqual(await restless(set(1), ready, pod('agent-x', 'burst-1', agent)), wanting);
});

test('should not excuse the pod of a DaemonSet on a node that has lost its other pods since the snapshot before', async () => {
  const agent = { kind: 'DaemonSet', name: 'agent' };
  const seen = (numberReady: number, storeOn: string, before?: Snapshot): Promise<Snapshot> => {
    const status = { numberReady, desiredNumberScheduled: 2 };
    const conditions = numberReady === 2 ? READY : [];
    const objects = [
      object('apps/v1/DaemonSet', 'agent', { spec: { template: { spec: { containers: [] } } }, status }),
      pod('db-0', storeOn, { kind: 'StatefulSet', name: 'db' }),
      pod('web-0', 'node-2', { kind: 'StatefulSet', name: 'web' }),
      node('node-1'),
      node('node-2'),
      { ...pod('agent-1', 'node-1', agent), status: { phase: 'Running', conditions } },
    ];
    return takeSnapshot(sourceOf(objects, STRANGERS), before);
  };
  const before = await seen(2, 'node-1');
  assert.deepEqual(differences(before, await seen(2, 'node-2', before)), []);
  assert.deepEqual(differences(before, await seen(1, 'node-2', before)), [
    'DaemonSet tender/agent was ready, is not',
  ]);
});

test('should let the roles on the claims of CloudNativePG change places, and no other label', async () => {
  const claims = (labels: Record<string, string>[]): Promise<Snapshot> =>
    takeSnapshot(
      sourceOf(
        labels.map((one, i) =>
          object('v1/PersistentVolumeClaim', `db-${i}`, {
            metadata: { name: `db-${i}`, namespace: 'tender', labels: one },
            spec: {},
            status: { phase: 'Bound' },
          }),
        ),
      ),
    );
  const cluster = (role: string, name = 'db') => ({
    'cnpg.io/cluster': name,
    'cnpg.io/instanceRole': role,
    role,
  });
  const before = await claims([cluster('primary'), cluster('replica')]);
  assert.deepEqual(differences(before, await claims([cluster('replica'), cluster('primary')])), []);
  assert.equal(differences(before, await claims([cluster('primary', 'x'), cluster('replica')])).length, 1);
  const others = await claims([{ role: 'primary' }]);
  assert.equal(
    differences(others, await claims([{ role: 'replica' }])).length,
    1,
    'a label of somebody else',
  );
});

test('should take no taint that comes and goes with an autoscaler or a cloud provider for damage, and any other', async () => {
  const seen = async (...keys: string[]): Promise<Snapshot> => {
    const taints = keys.map((key) => ({ key, effect: 'NoSchedule' }));
    const source = sourceOf([STORE, node('node-1', READY, taints)], STRANGERS);
    const { environment } = source.runState;
    const nodes = { others: [], passingTaints: ['karpenter.sh/*', 'DeletionCandidateOfClusterAutoscaler'] };
    const topology = { ...environment.topology, nodes };
    return takeSnapshot({ ...source, runState: { environment: { ...environment, topology } } });
  };
  const before = await seen();
  const passing = [
    'karpenter.sh/disrupted',
    'DeletionCandidateOfClusterAutoscaler',
    'node.cloudprovider.kubernetes.io/shutdown',
  ];
  for (const key of passing) assert.deepEqual(differences(before, await seen(key)), [], key);
  for (const key of ['node.kubernetes.io/unreachable', 'maintenance'])
    assert.equal(differences(before, await seen(key)).length, 1, key);
  const kept = await seen('maintenance');
  assert.deepEqual(differences(kept, await seen('maintenance', 'karpenter.sh/disrupted')), []);
});
