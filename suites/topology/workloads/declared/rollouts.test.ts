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
  /** Revision of each pod's template, for a StatefulSet; `a going` is being deleted, `a unready` is not Ready. */
  pods: readonly string[];
  strategy?: string;
  partition?: number;
  /** It was waited for, and is ready when it is looked at again; else it was waited for in vain. */
  settles?: true;
}

/** `topology/workloads/declared` of one workload. */
function over({ kind, wanted, status, pods, strategy, partition, settles }: Shape): Promise<Judgement> {
  const meta = { namespace: 'shop', name: 'one', generation: 1 };
  const owner = { apiVersion: 'apps/v1', kind, name: 'one', controller: true };
  const podOf = (
    said: string,
    at: number,
  ): { apiVersion: string; kind: string; [field: string]: unknown } => {
    const [revision = '', state] = said.split(' ');
    const metadata = {
      namespace: 'shop',
      name: `one-${at}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(state === 'going' && { deletionTimestamp: '2026-01-02T00:00:00Z' }),
      labels: { ...labels, 'controller-revision-hash': revision, 'pod-template-hash': revision },
      ownerReferences: [
        kind === 'Deployment' ? { ...owner, kind: 'ReplicaSet', name: `one-${revision}` } : owner,
      ],
    };
    const podStatus = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: state === 'unready' ? 'False' : 'True' }],
      containerStatuses: [{ name: 'one', ready: true, restartCount: 0, imageID: 'i' }],
    };
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { nodeName: `node-${at}`, containers },
      status: podStatus,
    };
  };
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    {
      apiVersion: 'apps/v1',
      kind,
      metadata: meta,
      spec: {
        ...(kind !== 'DaemonSet' && { replicas: wanted }),
        template: { metadata: { labels }, spec: { containers } },
        ...(strategy !== undefined && {
          updateStrategy: {
            type: strategy,
            ...(partition !== undefined && { rollingUpdate: { partition } }),
          },
        }),
      },
      status: { observedGeneration: 1, ...status },
    },
    ...pods.map(podOf),
  ];
  return judgedOver('topology/workloads/declared', {
    settings: {
      workloads: [
        { kind, namespace: 'shop', name: 'one', replicas: { min: wanted, max: wanted }, serves: true },
      ],
      closed: { namespaces: ['shop'], ignore: [] },
    },
    objects,
    ...(settles === true && { settled: objects }),
  });
}

const complete = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }];
const same = { currentRevision: 'b', updateRevision: 'b' };
const rolling = { currentRevision: 'a', updateRevision: 'b' };

const MISSING: readonly [string, Shape, RegExp][] = [
  [
    'a StatefulSet of which a pod was on a node that is lost',
    {
      kind: 'StatefulSet',
      wanted: 3,
      pods: ['b', 'b'],
      status: { replicas: 3, readyReplicas: 2, updatedReplicas: 2, ...same },
    },
    /ready replicas of StatefulSet shop\/one: expected 3, seen 2/,
  ],
  [
    'a StatefulSet whose first pod never becomes ready, so that no other is made',
    {
      kind: 'StatefulSet',
      wanted: 3,
      pods: ['b'],
      status: { replicas: 1, readyReplicas: 0, updatedReplicas: 1, ...same },
    },
    /ready replicas of StatefulSet shop\/one: expected 3, seen 0/,
  ],
  [
    'a Deployment whose rollout has outlasted its deadline',
    {
      kind: 'Deployment',
      wanted: 2,
      pods: ['a', 'b unready'],
      status: {
        replicas: 2,
        readyReplicas: 1,
        updatedReplicas: 1,
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
      },
    },
    /rollout of Deployment shop\/one: expected 2 ready.*its deadline has passed/,
  ],
  [
    'a Deployment whose third pod is refused by a quota',
    {
      kind: 'Deployment',
      wanted: 3,
      pods: ['b', 'b'],
      status: {
        replicas: 2,
        readyReplicas: 2,
        updatedReplicas: 2,
        conditions: [...complete, { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }],
      },
    },
    /ready replicas of Deployment shop\/one: expected 3, seen 2/,
  ],
  [
    'a DaemonSet one of whose pods is refused',
    {
      kind: 'DaemonSet',
      wanted: 3,
      pods: ['b', 'b'],
      status: {
        desiredNumberScheduled: 3,
        currentNumberScheduled: 2,
        numberReady: 2,
        updatedNumberScheduled: 2,
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
      kind: 'StatefulSet',
      wanted: 3,
      pods: ['a', 'b', 'b'],
      status: { replicas: 3, readyReplicas: 3, updatedReplicas: 2, ...rolling },
    },
  ],
  [
    'a StatefulSet whose last pod of the earlier template was just deleted',
    {
      kind: 'StatefulSet',
      wanted: 3,
      pods: ['b', 'b'],
      status: { replicas: 2, readyReplicas: 2, updatedReplicas: 2, ...rolling },
    },
  ],
  [
    'a Deployment with pods of both templates',
    {
      kind: 'Deployment',
      wanted: 3,
      pods: ['a', 'a', 'b'],
      status: { replicas: 3, readyReplicas: 2, updatedReplicas: 1, conditions: complete },
    },
  ],
  [
    'a Deployment whose new template is not available yet',
    {
      kind: 'Deployment',
      wanted: 3,
      pods: ['b', 'b'],
      status: {
        replicas: 2,
        readyReplicas: 2,
        updatedReplicas: 2,
        conditions: [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }],
      },
    },
  ],
  [
    'a DaemonSet with pods of its earlier template',
    {
      kind: 'DaemonSet',
      wanted: 3,
      pods: ['a', 'b', 'b'],
      status: {
        desiredNumberScheduled: 3,
        currentNumberScheduled: 3,
        numberReady: 3,
        updatedNumberScheduled: 2,
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
    kind: 'StatefulSet',
    wanted: 2,
    pods: ['b', 'b'],
    strategy: 'OnDelete',
    status,
  });
  assert.equal(verdict, 'pass', reason);
});

const onDelete = { kind: 'StatefulSet', wanted: 3, strategy: 'OnDelete' } as const;
const fromTwo = { kind: 'StatefulSet', wanted: 3, strategy: 'RollingUpdate', partition: 2 } as const;
const counted = (readyReplicas: number, updatedReplicas: number) => ({
  replicas: 3,
  readyReplicas,
  updatedReplicas,
  ...rolling,
});

test('should pass a StatefulSet that holds its last template back from pods that are ready, and say so', async () => {
  const held: [Shape, string][] = [
    [{ ...onDelete, pods: ['a', 'a', 'a'], status: counted(3, 0) }, '3 of 3'],
    [{ ...onDelete, pods: ['a', 'b', 'b'], status: counted(3, 2) }, '1 of 3'],
    [{ ...fromTwo, pods: ['a', 'a', 'b'], status: counted(3, 1) }, '2 of 3'],
  ];
  for (const [shape, old] of held) {
    const { verdict, reason, seen } = await over(shape);
    assert.equal(verdict, 'pass', reason);
    assert.match(seen, new RegExp(`StatefulSet shop/one: ${old} pods have an earlier template`));
  }
});

test('should leave open while pods of a StatefulSet are replaced that holds its last template back', async () => {
  for (const shape of [
    { ...onDelete, pods: ['a', 'a', 'b unready'], status: counted(2, 1) },
    { ...onDelete, pods: ['a', 'b'], status: counted(2, 1), settles: true } as const,
    { ...onDelete, pods: ['b', 'b', 'b going'], status: counted(3, 2) },
    { ...onDelete, pods: ['a', 'a', 'a going'], status: counted(3, 0) },
    { ...fromTwo, pods: ['a', 'a going', 'b'], status: counted(3, 1) },
    { ...fromTwo, pods: ['a', 'a', 'a'], status: counted(3, 0) },
  ])
    assert.equal((await over(shape)).verdict, 'inconclusive');
});

test('should fail for a pod that is missing of a StatefulSet that holds its last template back', async () => {
  for (const shape of [
    { ...fromTwo, pods: ['a', 'b'], status: counted(2, 1) },
    { ...onDelete, pods: ['a', 'b'], status: counted(2, 1) },
    { ...onDelete, pods: ['a unready', 'a', 'b'], status: counted(2, 1) },
  ]) {
    const { verdict, reason } = await over(shape);
    assert.equal(verdict, 'fail', reason);
    assert.match(reason, /ready replicas of StatefulSet shop\/one: expected 3, seen 2/);
  }
});
