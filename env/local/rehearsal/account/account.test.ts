import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rightsIn } from './index.ts';

test('should give the documented rights in the namespaces of the platform, and none in those of another', () => {
  const objects = rightsIn(['databases', 'search']);
  const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
  assert.ok(!namespaces.has('tender') && !namespaces.has('edge'));
  const drill = (namespace: string): boolean =>
    objects.some(
      ({ kind, metadata }) =>
        kind === 'Role' && metadata.name === 'plumbline-drill' && metadata.namespace === namespace,
    );
  assert.deepEqual(['databases', 'search', 'plumbline-drill'].map(drill), [true, true, true]);
  const ids = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
  assert.equal(new Set(ids).size, ids.length);
});
