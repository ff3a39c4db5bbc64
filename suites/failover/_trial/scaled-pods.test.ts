import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodObject } from '../../topology/_objects/shapes.ts';
import { scaledPods } from './scaled-pods.ts';

function pod(
  namespace: string,
  name: string,
  owner: { kind: string; name: string },
  hash?: string,
): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name,
      ownerReferences: [{ ...owner, uid: 'u', controller: true }],
      ...(hash !== undefined && { labels: { 'pod-template-hash': hash } }),
    },
    spec: { containers: [] },
    status: {},
  };
}

const autoscaler = (namespace: string, kind: string, name: string) => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { namespace, name },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind, name }, maxReplicas: 4 },
});

test('should name the pods of what an autoscaler resizes, in its own namespace only', () => {
  const pods = [
    pod('tender', 'api-5f9-a', { kind: 'ReplicaSet', name: 'api-5f9' }, '5f9'),
    pod('other', 'api-5f9-b', { kind: 'ReplicaSet', name: 'api-5f9' }, '5f9'),
    pod('tender', 'queue-0', { kind: 'StatefulSet', name: 'queue' }),
    pod('tender', 'postgres-0', { kind: 'StatefulSet', name: 'postgres' }),
  ];
  const autoscalers = [
    autoscaler('tender', 'Deployment', 'api'),
    autoscaler('tender', 'StatefulSet', 'queue'),
  ];
  assert.deepEqual(scaledPods(pods, autoscalers), [
    ['tender/api-5f9-a', 'Deployment tender/api'],
    ['tender/queue-0', 'StatefulSet tender/queue'],
  ]);
});
