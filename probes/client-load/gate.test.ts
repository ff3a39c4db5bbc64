import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Gate } from './gate.ts';
import type { Entry } from './gate.ts';

test('should let so many in, and the next in their order when one leaves', async () => {
  const gate = new Gate(Infinity, 2);
  const inside: number[] = [];
  const enter = async (who: number): Promise<Entry> => {
    const entry = await gate.enter(60_000);
    inside.push(who);
    return entry;
  };
  const all = [1, 2, 3, 4].map((who) => enter(who));
  await turn();
  assert.deepEqual(inside, [1, 2]);
  gate.leave();
  await turn();
  assert.deepEqual(inside, [1, 2, 3]);
  gate.leave();
  assert.deepEqual(await Promise.all(all), ['at once', 'at once', 'waited', 'waited']);
  gate.leave();
  gate.leave();
  assert.deepEqual([await gate.enter(1), await gate.enter(1)], ['at once', 'at once']);
});

test('should let nobody in who has given up', async () => {
  const gate = new Gate(Infinity, 1);
  assert.equal(await gate.enter(1), 'at once');
  assert.equal(await gate.enter(1), 'in vain');
  const next = gate.enter(60_000);
  gate.leave();
  assert.equal(await next, 'waited');
  gate.leave();
  assert.equal(await gate.enter(1), 'at once', 'the place of who gave up is not kept');
});

test('should let places be held for twice as long as connecting takes, and for 20 ms at least', () => {
  const gate = new Gate();
  assert.equal(gate.holdMs, 20);
  gate.took(150);
  assert.equal(gate.holdMs, 300, 'of the first one alone');
  gate.took(50);
  assert.equal(gate.holdMs, 200);
  for (let i = 0; i < 20; i++) gate.took(1);
  assert.equal(gate.holdMs, 20);
});

test('should let places be held no longer than it was told, however long connecting takes', () => {
  const gate = new Gate(250);
  gate.took(400);
  assert.equal(gate.holdMs, 250);
});

test('should let the first that waits go on without a place when a connection is there for it', async () => {
  const gate = new Gate(Infinity, 1);
  assert.equal(gate.offer(), false);
  assert.equal(await gate.enter(1), 'at once');
  const [first, second] = [gate.enter(60_000), gate.enter(60_000)];
  assert.equal(gate.offer(), true);
  assert.equal(await first, 'offered');
  gate.leave();
  assert.equal(await second, 'waited');
});
