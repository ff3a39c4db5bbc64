import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { comparedObjects, differences, leaveOut, rolesIn, takeSnapshot, unrest } from './snapshot.ts';
import type { Snapshot, SnapshotSource } from './snapshot.ts';

test('should name what is new, gone or changed, and nothing else', () => {
  const before = new Map([
    ['Deployment a', '{"replicas":2}'],
    ['Pod stray', 'there'],
    ['roles of postgres', 'leader, replica'],
  ]);
  const after = new Map([
    ['Deployment a', '{"replicas":0}'],
    ['Service new', '{}'],
    ['roles of postgres', 'leader, replica'],
  ]);
  assert.deepEqual(differences(before, after), [
    'Deployment a: changed in replicas (was 2, is 0)',
    'Pod stray is gone',
    'Service new is new',
  ]);
  assert.deepEqual(differences(before, before), []);
});

test('should let a pod go that was on its way out before, and wait for one that is after', () => {
  const going: [string, string] = ['Pod control-co-located-1 (terminating)', 'yes'];
  assert.deepEqual(differences(new Map([going]), new Map()), []);
  assert.deepEqual(differences(new Map(), new Map([going])), [
    'Pod control-co-located-1 (terminating) is new',
  ]);
});

test('should tell roles from objects', () => {
  const snapshot = new Map([
    ['roles of postgres', 'leader, replica; steady'],
    ['Service a', '{}'],
  ]);
  assert.deepEqual(rolesIn(snapshot), [{ store: 'postgres', roles: 'leader, replica; steady' }]);
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
  assert.match(
    differences(await snapshot([]), await snapshot([going])).join(),
    /persist \(terminating\) is new/,
  );
});

test('should wait until an autoscaler has brought its workload within its limits', async () => {
  const scaled = async (replicas: number): Promise<string[]> => {
    const scaleTargetRef = { kind: 'Deployment', name: 'api' };
    const spec = { scaleTargetRef, minReplicas: 2, maxReplicas: 5 };
    const template = { spec: { containers: [{ name: 'api' }] } };
    const counts = { replicas, readyReplicas: replicas, updatedReplicas: replicas };
    return unrest(
      await takeSnapshot(
        sourceOf([
          object('autoscaling/v2/HorizontalPodAutoscaler', 'api', { spec }),
          object('apps/v1/Deployment', 'api', { spec: { replicas, template }, status: counts }),
        ]),
      ),
    );
  };
  const open = ['Deployment tender/api is ready'];
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
  assert.deepEqual(unrest(rollout), []);
  assert.match(rollout.get('Rollout tender/api') ?? '', /"replicas":"by load"/);
  assert.deepEqual(unrest(await taken(1, ['Rollout'])), ['Rollout tender/api is ready']);
  asked.length = 0;
  await taken(1, ['Deployment']);
  assert.ok(!asked.some((kind) => kind.includes('argoproj')), 'elsewhere the cluster may not know the kind');
});

test('should name what is not ready or not steady as unrest, and nothing else', () => {
  const seen = new Map([
    ['Deployment tender/api is ready', 'false'],
    ['Deployment tender/web is ready', 'true'],
    ['Node worker-1 is Ready', 'false'],
    ['Node worker-2 is Ready', 'true'],
    ['Deployment tender/api', '{"replicas":2}'],
    ['roles of postgres', 'leader, replica; steady'],
    ['roles of redis', 'master; 1 of 2 replicas follow'],
    ['roles of neo4j', 'not seen: no answer'],
  ]);
  assert.deepEqual(unrest(seen), [
    'Deployment tender/api is ready',
    'Node worker-1 is Ready',
    'roles of redis',
    'roles of neo4j',
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
  const subjects = [...all.keys()].filter((subject) => !subject.endsWith('is ready'));
  assert.deepEqual(subjects, ['Deployment observability/server', 'Deployment kube-system/server']);
});

test('should take a pod that nobody owns for a leftover where Plumbline works, and not among those of the cluster itself', async () => {
  const pod = (namespace: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod-delete-pvc-1', namespace },
  });
  const seen = await takeSnapshot(sourceOf(['plumbline-canary', 'kube-system'].map(pod)));
  assert.deepEqual([...seen.keys()], ['Pod plumbline-canary/helper-pod-delete-pvc-1']);
});

test('false verdict 17: a store that cannot be asked is in the way of its own checks and of no other', () => {
  const unasked = 'cannot be asked (tls): self-signed certificate';
  const seen = new Map([
    ['roles of postgres', 'leader, replica; steady'],
    ['roles of redis', unasked],
    ['roles of neo4j', 'not seen: connect ECONNREFUSED'],
  ]);
  assert.deepEqual(unrest(seen), ['roles of neo4j']);
  assert.deepEqual(unrest(seen, 'postgres'), ['roles of neo4j']);
  assert.deepEqual(unrest(seen, 'redis'), ['roles of redis', 'roles of neo4j']);
});

test('false verdict 17: with the roles of a store that could not be asked nothing is compared, and with any other everything', () => {
  const unasked = (why: string): Map<string, string> =>
    new Map([['roles of redis', `cannot be asked (route): ${why}`]]);
  const seen = new Map([['roles of redis', 'master, replica; steady']]);
  assert.deepEqual(differences(unasked('10.0.0.1'), unasked('10.0.0.2')), []);
  assert.deepEqual(differences(unasked('10.0.0.1'), seen), []);
  assert.equal(differences(seen, unasked('10.0.0.1')).length, 1);
});

test('should let a store that is broken be, unless the trial is about it', () => {
  const broken = (about: string | null): Snapshot => {
    const seen: Snapshot = new Map([
      ['roles of redis', 'not seen: no master'],
      ['roles of rabbitmq', 'peer, peer; steady'],
      ['roles of neo4j', 'leader; was steady earlier in this run'],
      ['Deployment tender/api is ready', 'false'],
    ]);
    for (const subject of unrest(seen, about)) leaveOut(seen, subject, { about, kept: new Set(['neo4j']) });
    return seen;
  };
  assert.deepEqual(unrest(broken('rabbitmq'), 'rabbitmq'), [
    'roles of neo4j',
    'Deployment tender/api is ready',
  ]);
  assert.deepEqual(unrest(broken('redis'), 'redis'), [
    'roles of redis',
    'roles of neo4j',
    'Deployment tender/api is ready',
  ]);
  // It may come back, or say something else, without a difference that the trial has made.
  const after = new Map(broken('rabbitmq')).set('roles of redis', 'master, slave; steady');
  assert.deepEqual(differences(broken('rabbitmq'), after), []);
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
  assert.deepEqual(unrest(before), []);
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
  assert.deepEqual(unrest(broken), ['Node node-1 is Ready']);
  assert.deepEqual(differences(before, broken), ['Node node-1 is Ready: was true, is false']);
});

test('should still look at a node whose pods went elsewhere, and not hold it against a node that it did not hold them before', async () => {
  const nodes = (ready: object[]): KubeObject[] => [node('node-1', ready), node('node-2', [])];
  const before = await takeSnapshot(sourceOf([STORE, ...nodes(READY)], STRANGERS));
  const moved = pod('db-0', 'node-2', { kind: 'StatefulSet', name: 'db' });
  const after = (ready: object[]): Promise<Snapshot> =>
    takeSnapshot(sourceOf([moved, ...nodes(ready)], STRANGERS));
  assert.deepEqual(differences(before, await after(READY)), []);
  assert.deepEqual(differences(before, await after([])), ['Node node-1 is Ready: was true, is false']);
});

test('should look at every node of a cluster that is ours', async () => {
  const seen = await takeSnapshot(sourceOf([STORE, node('node-1'), node('node-2', [])]));
  assert.deepEqual(unrest(seen), ['Node node-2 is Ready']);
});

test('should not wait for the pod that a DaemonSet has on a node of others, and for any other of it', async () => {
  const agent = { kind: 'DaemonSet', name: 'agent' };
  const set = object('apps/v1/DaemonSet', 'agent', {
    spec: { template: { spec: { containers: [] } } },
    status: { numberReady: 1, desiredNumberScheduled: 2 },
  });
  const on = async (where: string): Promise<string[]> => {
    const objects = [set, STORE, node('node-1'), node('burst-1', []), pod('agent-x', where, agent)];
    return unrest(await takeSnapshot(sourceOf(objects, STRANGERS)));
  };
  assert.deepEqual(await on('burst-1'), []);
  assert.deepEqual(await on('node-1'), ['DaemonSet tender/agent is ready']);
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
    unrest(await takeSnapshot(sourceOf([...nodes, ...objects], STRANGERS)));
  const wanting = ['DaemonSet tender/agent is ready'];
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
    'DaemonSet tender/agent is ready: was true, is false',
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
