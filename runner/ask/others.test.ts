import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Others } from './others.ts';

test('should name templates that change and nodes that go, each once, and nothing where it could not look', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const set = (image: string) => ({
    state: JSON.stringify({ spec: { template: { spec: { containers: [{ image }] } } } }),
    owner: 'Cluster pg',
  });
  const there = { state: '' };
  const looks = [
    new Map([
      ['StatefulSet shop/pg', set('a')],
      ['Node w1', there],
      ['Node w2', there],
    ]),
    null,
    new Map([
      ['StatefulSet shop/pg', set('b')],
      ['Node w1', there],
      ['Deployment edge/new', set('c')],
    ]),
    new Map([['Node w1', there]]),
  ];
  const others = new Others(() => Promise.resolve(looks.shift() ?? null));
  for (let look = 0; look < 5; look++) {
    await Promise.resolve();
    t.mock.timers.tick(500);
  }
  await new Promise(setImmediate);
  others.end();
  assert.deepEqual(
    others.acts.map(({ what, owner }) => [what, owner]),
    [
      ['StatefulSet shop/pg: changed in spec.template.spec.containers[0].image', 'Cluster pg'],
      ['Node w2 is gone', undefined],
    ],
  );
  for (const { t = 0, betweenMs } of others.acts) assert.ok(betweenMs[0] < t && betweenMs[1] === t);
});
