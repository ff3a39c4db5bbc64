import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOfKind, ofKind } from './objects.ts';
import type { KubeObject } from './types.ts';

const object = (text: string, rest: Record<string, unknown> = {}): KubeObject => {
  const cut = text.lastIndexOf('/');
  return {
    apiVersion: text.slice(0, cut),
    kind: text.slice(cut + 1),
    metadata: { name: 'a', namespace: 'tender' },
    ...rest,
  };
};
const pod = object('v1/Pod', { spec: { containers: [] }, status: {} });

test('should give objects as those of their kind, and of an unknown kind as they are', () => {
  assert.deepEqual(ofKind('v1/Pod', { items: [pod] }), { items: [pod] });
  const policy = object('example.dev/v1/Policy');
  assert.deepEqual(ofKind('example.dev/v1/Policy', { items: [policy] }), { items: [policy] });
  // The API server writes null for a list that is empty.
  assert.ok(
    isOfKind(
      'discovery.k8s.io/v1/EndpointSlice',
      object('discovery.k8s.io/v1/EndpointSlice', { endpoints: null }),
    ),
  );
  // Its controller has not processed this Deployment yet.
  const spec = { template: { spec: { containers: [] } } };
  assert.ok(isOfKind('apps/v1/Deployment', object('apps/v1/Deployment', { spec })));
});

test('should see nothing where an object lacks what its kind must have, and name it', () => {
  const lacking = (text: string, rest: Record<string, unknown>) =>
    ofKind(text, { items: [pod, object(text, rest)].slice(text === 'v1/Pod' ? 0 : 1) });
  const bare = lacking('v1/Pod', { spec: { containers: null }, status: {} });
  assert.deepEqual(bare, {
    items: [],
    unavailable: 'malformed: v1/Pod tender/a has no spec.containers',
  });
  assert.match(lacking('v1/Node', { spec: {} }).unavailable ?? '', /has no status$/);
  assert.match(
    lacking('autoscaling/v2/HorizontalPodAutoscaler', { spec: {} }).unavailable ?? '',
    /has no spec\.scaleTargetRef$/,
  );
  assert.match(ofKind('v1/Node', { items: [pod] }).unavailable ?? '', /v1\/Node tender\/a is a v1\/Pod/);
});

test('should hand on why nothing could be seen', () => {
  assert.deepEqual(ofKind('v1/Pod', { items: [], unavailable: 'forbidden: no' }), {
    items: [],
    unavailable: 'forbidden: no',
  });
});
