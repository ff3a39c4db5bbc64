import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scout } from './scout.ts';

const settled = (promise: Promise<boolean>): Promise<boolean | 'waits'> =>
  Promise.race([promise, new Promise<'waits'>((resolve) => setImmediate(resolve, 'waits'))]);

test('should hold nobody back while nothing is refused', async () => {
  const scout = new Scout();
  for (const who of [{}, {}, {}]) assert.equal(await settled(scout.turn(who)), false);
});

test('should let the next go on when the one ahead is refused, and all when it was answered', async () => {
  const scout = new Scout(60_000);
  const [first, second, third] = [{}, {}, {}];
  scout.seen(true);
  assert.equal(await settled(scout.turn(first)), false);
  assert.equal(await settled(scout.turn(first)), false, 'who is ahead may ask again');
  const waits = scout.turn(second);
  assert.equal(await settled(waits), 'waits');
  scout.leave(first);
  assert.equal(await waits, true);
  const behind = scout.turn(third);
  assert.equal(await settled(behind), 'waits');
  scout.answered();
  scout.leave(second);
  assert.equal(await behind, true);
  assert.equal(scout.refusing, false);
});

test('should hold back for 20 ms at the most', async () => {
  const scout = new Scout();
  scout.seen(true);
  await scout.turn({});
  const began = performance.now();
  assert.equal(await scout.turn({}), true);
  assert.ok(performance.now() - began >= 15);
});
