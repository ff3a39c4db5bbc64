import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodObject } from '../../../probes/kubernetes/objects.ts';
import { stays } from './observe.ts';

const pod = (more: { metadata?: object; spec?: object; status?: object } = {}): PodObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'one', ...more.metadata },
  spec: { containers: [], ...more.spec },
  status: { phase: 'Running', ...more.status },
});

test('should expect no pod to stay that ends by itself, is over, or is our own', () => {
  assert.ok(stays(pod()));
  assert.ok(stays(pod({ spec: { restartPolicy: 'Always' }, status: { phase: 'Pending' } })));
  const ofJob = {
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'backup', controller: true }],
  };
  for (const passing of [
    { metadata: ofJob },
    { spec: { restartPolicy: 'Never' } },
    { spec: { restartPolicy: 'OnFailure' } },
    { status: { phase: 'Succeeded' } },
    { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } },
    { metadata: { labels: { 'app.kubernetes.io/managed-by': 'plumbline' } } },
  ])
    assert.ok(!stays(pod(passing)), JSON.stringify(passing));
});
