import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Others } from './others.ts';

test('should name templates that change and nodes that go, each once, and nothing where it could not look', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const looks = [
    new Map([
      ['Deployment edge/gateway', 'a'],
      ['Node w1', ''],
      ['Node w2', ''],
    ]),
    null,
    new Map([
      ['Deployment edge/gateway', 'b'],
      ['Node w1', ''],
      ['Deployment edge/new', 'c'],
    ]),
    new Map([['Node w1', '']]),
  ];
  const others = new Others(() => Promise.resolve(looks.shift() ?? null));
  for (let look = 0; look < 5; look++) {
    await Promise.resolve();
    t.mock.timers.tick(500);
  }
  await new Promise(setImmediate);
  others.end();
  assert.deepEqual(
    others.acts.map(({ what }) => what),
    ['Deployment edge/gateway: changed in spec.template', 'Node w2 is gone'],
  );
});
