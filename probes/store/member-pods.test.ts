import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodObject } from '../kubernetes/objects.ts';
import { isMemberPod } from './member-pods.ts';

interface Made {
  namespace?: string;
  owner?: { kind: string; name: string };
  labels?: Record<string, string>;
  phase?: string;
}

function pod({ namespace = 'db', owner, labels, phase = 'Running' }: Made): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'pg-1',
      namespace,
      ...(owner && { ownerReferences: [owner] }),
      ...(labels && { labels }),
    },
    spec: { containers: [] },
    status: { phase },
  } as unknown as PodObject;
}

const LABELS = { 'cnpg.io/cluster': 'pg', 'cnpg.io/podRole': 'instance' };
const BY_LABELS = { members: 3, pods: { namespace: 'db', labels: LABELS } };
const BY_SETS = {
  members: 2,
  statefulSets: { namespace: 'db', sets: ['pg-a', 'pg-b'].map((name) => ({ name, members: 1 })) },
};

test('should know the members of any of the StatefulSets, and nobody else', () => {
  const owned = (kind: string, name: string, namespace?: string): boolean =>
    isMemberPod(pod({ owner: { kind, name }, ...(namespace && { namespace }) }), BY_SETS);
  assert.deepEqual([owned('StatefulSet', 'pg-a'), owned('StatefulSet', 'pg-b')], [true, true]);
  assert.deepEqual([owned('StatefulSet', 'pg'), owned('ReplicaSet', 'pg-a')], [false, false]);
  assert.equal(owned('StatefulSet', 'pg-a', 'elsewhere'), false);
});

test('should know members by all of their labels, whoever owns them', () => {
  const owner = { kind: 'Cluster', name: 'pg' };
  assert.equal(isMemberPod(pod({ owner, labels: { ...LABELS, more: 'yes' } }), BY_LABELS), true);
  assert.equal(isMemberPod(pod({ owner, labels: { 'cnpg.io/cluster': 'pg' } }), BY_LABELS), false);
  assert.equal(isMemberPod(pod({ labels: LABELS, namespace: 'other' }), BY_LABELS), false);
});

test('should count a pod that waits, so that it is missed, and not one that has ended', () => {
  for (const [phase, expected] of [
    ['Pending', true],
    ['Succeeded', false],
    ['Failed', false],
  ] as const)
    assert.equal(isMemberPod(pod({ labels: LABELS, phase }), BY_LABELS), expected, phase);
});

test('should find no pod of an address alone', () => {
  assert.equal(isMemberPod(pod({ labels: LABELS }), { members: 1 }), false);
});
