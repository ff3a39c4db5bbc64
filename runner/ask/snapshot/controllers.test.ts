/** What controllers do by themselves is neither unrest nor a difference: idle workloads, templates that are held back, and what is renewed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../suites/harness/protocol.ts';
import { comparedObjects, differences, restlessLines } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import type { SnapshotSource } from './stores.ts';
import { takeSnapshot } from './take.ts';

/** A look at a cluster that holds just these. */
function seen(...objects: KubeObject[]): Promise<Snapshot> {
  const list = ({ kind }: { kind: string }): Promise<{ items: KubeObject[] }> =>
    Promise.resolve({ items: objects.filter((one) => `${one.apiVersion}/${one.kind}` === kind) });
  const namespaces = { platform: 'tender', edge: 'edge', canary: 'plumbline-canary' };
  const environment = { namespaces, stores: {}, topology: { workloads: [] }, cluster: { embedded: 'local' } };
  return takeSnapshot({
    runState: { environment },
    stores: {},
    parts: { cluster: { list }, signal: new AbortController().signal },
  } as unknown as SnapshotSource);
}

const template = { spec: { containers: [{ name: 'one' }] } };

/** A Deployment that is complete at so many replicas, and its autoscaler from 1 to 5. */
function scaled(replicas: number, owner?: string): Promise<Snapshot> {
  const metadata = { name: 'worker', namespace: 'tender' };
  const ownerReferences = owner === undefined ? [] : [{ ...owned(owner), controller: true }];
  return seen(
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { ...metadata, ownerReferences },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'worker' }, minReplicas: 1, maxReplicas: 5 },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas, template },
      status: { replicas, readyReplicas: replicas, updatedReplicas: replicas },
    },
  );
}

const owned = (kind: string) => ({ kind, name: 'worker', uid: 'u' });

test('should take a workload at zero for one at rest, whatever the limits of its autoscaler', async () => {
  assert.deepEqual(restlessLines(await scaled(0, 'ScaledObject')), [], 'KEDA has nothing to do for it');
  assert.deepEqual(restlessLines(await scaled(0)), [], 'its autoscaler is turned off');
  assert.deepEqual(restlessLines(await scaled(6)), ['Deployment tender/worker is not ready']);
});

test('should see that a workload was set to zero, unless KEDA takes it there', async () => {
  assert.deepEqual(differences(await scaled(2), await scaled(0)), [
    'Deployment tender/worker: changed in spec.replicas',
  ]);
  assert.deepEqual(differences(await scaled(0), await scaled(0)), []);
  for (const [before, after] of [
    [0, 2],
    [2, 0],
  ] as const)
    assert.deepEqual(
      differences(await scaled(before, 'ScaledObject'), await scaled(after, 'ScaledObject')),
      [],
    );
});

interface Held {
  updatedReplicas: number;
  updateStrategy?: object;
  readyReplicas?: number;
}

function holding({ updatedReplicas, updateStrategy = {}, readyReplicas = 3 }: Held, ...more: KubeObject[]) {
  return seen(
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'pg', namespace: 'tender' },
      spec: { replicas: 3, template, updateStrategy },
      status: { replicas: 3, readyReplicas, updatedReplicas, currentRevision: 'a', updateRevision: 'b' },
    },
    ...more,
  );
}

async function restless(held: Held): Promise<string[]> {
  return restlessLines(await holding(held));
}

test('should take a StatefulSet that holds back a template for one at rest, and none that is being rolled out', async () => {
  const rolling = ['StatefulSet tender/pg is not ready'];
  const from = (partition: number) => ({ type: 'RollingUpdate', rollingUpdate: { partition } });
  const onDelete = { type: 'OnDelete' };
  assert.deepEqual(await restless({ updatedReplicas: 0, updateStrategy: onDelete }), []);
  assert.deepEqual(await restless({ updatedReplicas: 1, updateStrategy: from(2) }), []);
  assert.deepEqual(await restless({ updatedReplicas: 0, updateStrategy: from(2) }), rolling);
  assert.deepEqual(await restless({ updatedReplicas: 2, updateStrategy: from(0) }), rolling);
  assert.deepEqual(await restless({ updatedReplicas: 2 }), rolling);
  const missing = { updatedReplicas: 0, updateStrategy: onDelete, readyReplicas: 2 };
  assert.deepEqual(await restless(missing), rolling);
});

test('should see that a pod of a StatefulSet that holds back a template was created with it', async () => {
  const held = (updatedReplicas: number, ...more: KubeObject[]) =>
    holding({ updatedReplicas, updateStrategy: { type: 'OnDelete' } }, ...more);
  assert.deepEqual(differences(await held(0), await held(1)), [
    'StatefulSet tender/pg: pods with its last template: was 0, is 1',
  ]);
  assert.deepEqual(differences(await held(1), await held(1)), []);
  const autoscaler: KubeObject = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'pg', namespace: 'tender' },
    spec: { scaleTargetRef: { kind: 'StatefulSet', name: 'pg' }, minReplicas: 1, maxReplicas: 5 },
  };
  assert.deepEqual(differences(await held(0, autoscaler), await held(1, autoscaler)), []);
});

test('should compare no claim that comes and goes with its pod, and any other', async () => {
  const claim = (name: string, kind: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    spec: {},
    status: { phase: 'Bound' },
    metadata: { name, namespace: 'tender', ownerReferences: [owned(kind)] },
  });
  const before = await seen(claim('api-7d9f-x-scratch', 'Pod'), claim('data-pg-0', 'StatefulSet'));
  assert.equal(comparedObjects(before).size, 1);
  assert.deepEqual(
    differences(before, await seen(claim('api-7d9f-y-scratch', 'Pod'), claim('data-pg-0', 'StatefulSet'))),
    [],
  );
  assert.deepEqual(differences(before, await seen(claim('api-7d9f-x-scratch', 'Pod'))), [
    'PersistentVolumeClaim tender/data-pg-0 is gone',
  ]);
});

test('should compare the labels of a node, but for the time at which its GPUs were looked at', async () => {
  const node = (labels: Record<string, string>): Promise<Snapshot> =>
    seen({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'gpu-1', labels },
      spec: {},
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  const labelled = (at: string, count: string) =>
    node({ 'nvidia.com/gfd.timestamp': at, 'nvidia.com/gpu.count': count });
  const before = await labelled('1764500000', '8');
  assert.deepEqual(differences(before, await labelled('1764500060', '8')), []);
  assert.deepEqual(differences(before, await labelled('1764500060', '7')), [
    'Node gpu-1: changed in labels.nvidia.com/gpu.count',
  ]);
});
