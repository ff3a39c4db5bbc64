import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentPod, ENTRY_ANNOTATION } from './agent-pod.ts';

test('should keep the proxies of meshes out of the privileged pod, beside the marker of its rollback', () => {
  const { metadata } = agentPod({
    name: 'p',
    namespace: 'n',
    node: 'worker-1',
    image: 'i',
    activeSeconds: 600,
    check: 'a/b',
    annotations: { [ENTRY_ANNOTATION]: 'm' },
  }) as { metadata: { labels: Record<string, string>; annotations: Record<string, string> } };
  assert.equal(metadata.labels['sidecar.istio.io/inject'], 'false');
  assert.deepEqual(metadata.annotations, {
    'sidecar.istio.io/inject': 'false',
    'linkerd.io/inject': 'disabled',
    [ENTRY_ANNOTATION]: 'm',
  });
});
