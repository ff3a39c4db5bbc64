import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Gate } from './gate.ts';

test('should let so many in, and the next in their order when one leaves', async () => {
  const gate = new Gate(2);
  const inside: number[] = [];
  const enter = async (who: number): Promise<boolean> => {
    const waited = await gate.enter();
    inside.push(who);
    return waited;
  };
  const all = [1, 2, 3, 4].map((who) => enter(who));
  await turn();
  assert.deepEqual(inside, [1, 2]);
  gate.leave();
  await turn();
  assert.deepEqual(inside, [1, 2, 3]);
  gate.leave();
  assert.deepEqual(await Promise.all(all), [false, false, true, true]);
  gate.leave();
  gate.leave();
  assert.deepEqual([await gate.enter(), await gate.enter()], [false, false]);
});
