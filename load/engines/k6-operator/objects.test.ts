import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectsOf } from './objects.ts';

test('should keep the proxies of meshes out of every pod, whose Job would never end with one', () => {
  const spread = { namespace: 'load', check: 'performance.latency', parallelism: 2, image: 'k6:2.2.0' };
  const [, testRun] = objectsOf(spread, { name: 'load-1', files: {}, main: '', variables: {} });
  const pods = testRun?.spec as Record<string, { metadata: object }>;
  for (const pod of ['initializer', 'runner', 'starter'])
    assert.deepEqual(
      pods[pod]?.metadata,
      {
        labels: {
          'app.kubernetes.io/managed-by': 'plumbline',
          'plumbline.dev/check': 'performance.latency',
          'sidecar.istio.io/inject': 'false',
        },
        annotations: { 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
      },
      pod,
    );
});
