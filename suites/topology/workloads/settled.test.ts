/** A workload that is being scaled or rolled out is judged by what is there once its pods are ready. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgedOver } from '../_testing/observing.ts';
import type { Given } from '../_testing/observing.ts';

const labels = { app: 'api' };
const imageOf = (hash: string): string => `registry.example.com/api:${hash}`;

interface Pod {
  /** Of its template. */
  hash: 'old' | 'new';
  /** Whether it is on a node, with its image. */
  started: boolean;
}

const old: Pod = { hash: 'old', started: true };
const started: Pod = { hash: 'new', started: true };
const starting: Pod = { hash: 'new', started: false };

/** A Deployment with its disruption budget and its pods, each on a node of its own. */
function objectsOf(wanted: number, pods: readonly Pod[]): Given['objects'] {
  const metadata = { namespace: 'shop', name: 'api' };
  const ready = pods.filter((one) => one.started).length;
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadata, generation: 1 },
    spec: {
      replicas: wanted,
      template: { metadata: { labels }, spec: { containers: [{ name: 'api', image: imageOf('new') }] } },
    },
    status: {
      observedGeneration: 1,
      replicas: pods.length,
      readyReplicas: ready,
      updatedReplicas: pods.filter(({ hash }) => hash === 'new').length,
    },
  };
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
    status: { expectedPods: wanted, desiredHealthy: 1 },
  };
  const podOf = ({ hash, started: there }: Pod, at: number): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: 'shop',
      name: `api-${hash}-${at}`,
      labels: { ...labels, 'pod-template-hash': hash },
      ownerReferences: [{ kind: 'ReplicaSet', name: `api-${hash}`, controller: true }],
    },
    spec: {
      containers: [{ name: 'api', image: imageOf(hash) }],
      ...(there && { nodeName: `node-${at}` }),
    },
    status: there ? { phase: 'Running', containerStatuses: [{ name: 'api', imageID: 'i' }] } : {},
  });
  return [deployment, budget, ...pods.map(podOf)] as Given['objects'];
}

interface Moving {
  what: string;
  replicas: { min: number; max: number };
  objects: Given['objects'];
  settled: Given['objects'];
}

const MOVING: readonly Moving[] = [
  {
    what: 'scaled up',
    replicas: { min: 2, max: 4 },
    objects: objectsOf(3, [started, started, starting]),
    settled: objectsOf(3, [started, started, started]),
  },
  {
    what: 'rolled out',
    replicas: { min: 3, max: 3 },
    objects: objectsOf(3, [old, old, starting]),
    settled: objectsOf(3, [started, started, started]),
  },
];

for (const check of ['topology/workloads/images', 'topology/workloads/spread'])
  for (const { what, replicas, objects, settled } of MOVING)
    test(`should judge a workload that is being ${what} by its pods when they are ready: ${check}`, async () => {
      const settings = {
        workloads: [{ kind: 'Deployment', namespace: 'shop', name: 'api', replicas, serves: true }],
        registry: { prefixes: ['registry.example.com/'], pinned: 'tag' },
        stores: {},
      };
      const { verdict, reason } = await judgedOver(check, { settings, objects, settled });
      assert.equal(verdict, 'pass', reason);
      const inVain = await judgedOver(check, { settings, objects });
      assert.notEqual(inVain.verdict, 'pass', 'what never becomes ready is left to the judge');
    });
