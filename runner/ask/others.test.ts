import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Others, type Looked } from './others.ts';

test('should name templates that change and nodes that go, each once, and nothing where it could not look', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const set = (kind: string, namespace: string, name: string, image: string): Looked => ({
    kind,
    namespace,
    name,
    template: JSON.stringify({ spec: { template: { spec: { containers: [{ image }] } } } }),
    owner: 'Cluster pg',
  });
  const node = (name: string): Looked => ({ kind: 'Node', name, template: null });
  const looks = [
    new Map<string, Looked>([
      ['StatefulSet shop/pg', set('StatefulSet', 'shop', 'pg', 'a')],
      ['Node w1', node('w1')],
      ['Node w2', node('w2')],
    ]),
    null,
    new Map<string, Looked>([
      ['StatefulSet shop/pg', set('StatefulSet', 'shop', 'pg', 'b')],
      ['Node w1', node('w1')],
      ['Deployment edge/new', set('Deployment', 'edge', 'new', 'c')],
    ]),
    new Map<string, Looked>([['Node w1', node('w1')]]),
  ];
  const others = new Others(() => Promise.resolve(looks.shift() ?? null));
  for (let look = 0; look < 5; look++) {
    await Promise.resolve();
    t.mock.timers.tick(500);
  }
  await new Promise(setImmediate);
  others.end();
  assert.deepEqual(
    others.acts.map(({ change, owner }) => [change.text, owner]),
    [
      ['StatefulSet shop/pg: changed in spec.template.spec.containers[0].image', 'Cluster pg'],
      ['Node w2 is gone', undefined],
    ],
  );
  for (const { t = 0, betweenMs } of others.acts) assert.ok(betweenMs[0] < t && betweenMs[1] === t);
});
