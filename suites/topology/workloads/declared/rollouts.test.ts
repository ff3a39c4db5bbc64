/** Pods that are missing are told from pods that are being replaced, by what controllers say (Kubernetes 1.33, pkg/controller). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { judgedOver } from '../../_testing/observing.ts';

const labels = { app: 'one' };
const containers = [{ name: 'one', image: 'registry.example.com/one:1' }];

interface Shape {
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  wanted: number;
  status: object;
  /** Revision of each pod's template, for a StatefulSet. */
  pods: readonly string[];
  strategy?: string;
}

/** `topology/workloads/declared` of one workload whose pods were waited for in vain. */
function over({ kind, wanted, status, pods, strategy }: Shape): Promise<Judgement> {
  const meta = { namespace: 'shop', name: 'one', generation: 1 };
  const owner = { apiVersion: 'apps/v1', kind, name: 'one', controller: true };
  const podOf = (revision: string, at: number): { apiVersion: string; kind: string } => ({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    ...{
      metadata: {
        ...{ namespace: 'shop', name: `one-${at}`, creationTimestamp: '2026-01-01T00:00:00Z' },
        labels: { ...labels, 'controller-revision-hash': revision, 'pod-template-hash': revision },
        ownerReferences: [
          kind === 'Deployment' ? { ...owner, kind: 'ReplicaSet', name: `one-${revision}` } : owner,
        ],
      },
      spec: { nodeName: `node-${at}`, containers },
      status: {
        phase: 'Running',
        containerStatuses: [{ name: 'one', ready: true, restartCount: 0, imageID: 'i' }],
      },
    },
  });
  return judgedOver('topology/workloads/declared', {
    settings: {
      workloads: [
        { kind, namespace: 'shop', name: 'one', replicas: { min: wanted, max: wanted }, serves: true },
      ],
      closed: { namespaces: ['shop'], ignore: [] },
    },
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', ...{ metadata: { name: 'shop' } } },
      {
        ...{ apiVersion: 'apps/v1', kind, metadata: meta },
        ...{
          spec: {
            ...(kind !== 'DaemonSet' && { replicas: wanted }),
            template: { metadata: { labels }, spec: { containers } },
            ...(strategy !== undefined && { updateStrategy: { type: strategy } }),
          },
          status: { observedGeneration: 1, ...status },
        },
      },
      ...pods.map(podOf),
    ],
  });
}

const complete = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }];
const same = { currentRevision: 'b', updateRevision: 'b' };
const rolling = { currentRevision: 'a', updateRevision: 'b' };

const MISSING: readonly [string, Shape, RegExp][] = [
  [
    'a StatefulSet of which a pod was on a node that is lost',
    {
      ...{ kind: 'StatefulSet', wanted: 3, pods: ['b', 'b'] },
      status: { replicas: 3, readyReplicas: 2, updatedReplicas: 2, ...same },
    },
    /ready replicas of StatefulSet shop\/one: expected 3, seen 2/,
  ],
  [
    'a StatefulSet whose first pod never becomes ready, so that no other is made',
    {
      ...{ kind: 'StatefulSet', wanted: 3, pods: ['b'] },
      status: { replicas: 1, readyReplicas: 0, updatedReplicas: 1, ...same },
    },
    /ready replicas of StatefulSet shop\/one: expected 3, seen 0/,
  ],
  [
    'a Deployment whose third pod is refused by a quota',
    {
      ...{ kind: 'Deployment', wanted: 3, pods: ['b', 'b'] },
      status: {
        ...{ replicas: 2, readyReplicas: 2, updatedReplicas: 2 },
        conditions: [...complete, { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }],
      },
    },
    /ready replicas of Deployment shop\/one: expected 3, seen 2/,
  ],
  [
    'a DaemonSet one of whose pods is refused',
    {
      ...{ kind: 'DaemonSet', wanted: 3, pods: ['b', 'b'] },
      status: {
        ...{ desiredNumberScheduled: 3, currentNumberScheduled: 2 },
        ...{ numberReady: 2, updatedNumberScheduled: 2 },
      },
    },
    /ready replicas of DaemonSet shop\/one: expected 3, seen 2/,
  ],
];
for (const [what, shape, reason] of MISSING)
  test(`should fail for pods that nobody makes: ${what}`, async () => {
    const judged = await over(shape);
    assert.equal(judged.verdict, 'fail', judged.reason);
    assert.match(judged.reason, reason);
  });

const REPLACED: readonly [string, Shape][] = [
  [
    'a StatefulSet with a pod of its earlier template',
    {
      ...{ kind: 'StatefulSet', wanted: 3, pods: ['a', 'b', 'b'] },
      status: { replicas: 3, readyReplicas: 3, updatedReplicas: 2, ...rolling },
    },
  ],
  [
    'a StatefulSet whose last pod of the earlier template was just deleted',
    {
      ...{ kind: 'StatefulSet', wanted: 3, pods: ['b', 'b'] },
      status: { replicas: 2, readyReplicas: 2, updatedReplicas: 2, ...rolling },
    },
  ],
  [
    'a Deployment with pods of both templates',
    {
      ...{ kind: 'Deployment', wanted: 3, pods: ['a', 'a', 'b'] },
      status: { replicas: 3, readyReplicas: 2, updatedReplicas: 1, conditions: complete },
    },
  ],
  [
    'a Deployment whose new template is not available yet',
    {
      ...{ kind: 'Deployment', wanted: 3, pods: ['b', 'b'] },
      status: {
        ...{ replicas: 2, readyReplicas: 2, updatedReplicas: 2 },
        conditions: [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }],
      },
    },
  ],
  [
    'a DaemonSet with pods of its earlier template',
    {
      ...{ kind: 'DaemonSet', wanted: 3, pods: ['a', 'b', 'b'] },
      status: {
        ...{ desiredNumberScheduled: 3, currentNumberScheduled: 3 },
        ...{ numberReady: 3, updatedNumberScheduled: 2 },
      },
    },
  ],
];
for (const [what, shape] of REPLACED)
  test(`should leave open while pods are replaced: ${what}`, async () => {
    const judged = await over(shape);
    assert.equal(judged.verdict, 'inconclusive', judged.reason);
    assert.match(judged.reason, /a rollout is in progress/);
  });

test('should pass a StatefulSet with OnDelete all of whose pods have its last template', async () => {
  const status = { replicas: 2, readyReplicas: 2, updatedReplicas: 2, ...rolling };
  const { verdict, reason } = await over({
    ...{ kind: 'StatefulSet', wanted: 2, pods: ['b', 'b'], strategy: 'OnDelete' },
    status,
  });
  assert.equal(verdict, 'pass', reason);
});
