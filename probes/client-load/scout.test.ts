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

test('should hold back as long as it may and no longer', async () => {
  const scout = new Scout(200);
  scout.seen(true);
  // Before who is ahead, from whose turn it counts: a pause of this process in between must not look like a short hold.
  const began = performance.now();
  await scout.turn({});
  assert.equal(await scout.turn({}), true);
  assert.ok(performance.now() - began >= 195);
});
