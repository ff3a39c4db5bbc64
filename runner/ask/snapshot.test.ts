import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { differences, leaveOut, rolesIn, takeSnapshot, unrest } from './snapshot.ts';
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
    'Deployment a: was {"replicas":2}, is {"replicas":0}',
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
function sourceOf(objects: readonly KubeObject[]): SnapshotSource {
  const list = ({ kind }: { kind: string }): Promise<{ items: KubeObject[] }> =>
    Promise.resolve({ items: objects.filter((one) => `${one.apiVersion}/${one.kind}` === kind) });
  const topology = { workloads: [{ namespace: 'observability' }] };
  return {
    runState: {
      environment: { namespaces: NAMESPACES, stores: {}, topology, cluster: { embedded: 'local' } },
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
    assert.match(differences(before, await takeSnapshot(open)).join(), /data-0: was .*"bound".*"not bound"/);
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
