import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodsBefore } from './pods-before.ts';

const byLabels = { pods: { namespace: 'data', labels: { app: 'pg' } } };

/** Stores of which this many looks at the pods are answered so. */
function stores(declared: object, ...answers: (string[] | Error)[]) {
  return {
    declared: () => declared as never,
    pods: () => {
      const answer = answers.shift() ?? [];
      return answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve(answer.map((name) => ({ name }) as never));
    },
  };
}

test('should name a pod that was replaced, and the one in its place', async () => {
  const before = new PodsBefore(stores(byLabels, ['pg-a', 'pg-b'], ['pg-b', 'pg-c']));
  await before.note('postgres');
  assert.deepEqual(await before.of('postgres'), ['pg-a', 'pg-b', 'pg-b', 'pg-c']);
});

test('should name what it saw where pods cannot be listed', async () => {
  const before = new PodsBefore(stores(byLabels, ['pg-a'], new Error('403')));
  await before.note('postgres');
  assert.deepEqual(await before.of('postgres'), ['pg-a']);
});

test('should not look where StatefulSets name the pods', async () => {
  const before = new PodsBefore(stores({ statefulSet: {} }, new Error('nobody asks')));
  await before.note('postgres');
  assert.deepEqual(await before.of('postgres'), []);
});
