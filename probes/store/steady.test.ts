import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpError } from '../../host/http.ts';
import { cannotAsk, isDown } from '../asking.ts';
import { unsteadyBy, waitSteadyBy } from './steady.ts';
import type { Steadiness, StoreTarget } from './store-driver.ts';

const REFUSED = unsteadyBy(cannotAsk('credentials', 'it refuses the account'));
const DOWN = unsteadyBy(isDown('refuses', 'it starts'));
const STEADY: Steadiness = { ok: true, leader: 'a', detail: 'all there' };
const TARGET = {} as StoreTarget;

/** Sees these one after the other, and the last one from then on; counts its looks. */
function seeing(...seen: readonly Steadiness[]) {
  let looks = 0;
  const wait = waitSteadyBy(() => {
    const now = seen[Math.min(looks++, seen.length - 1)];
    return now === undefined ? Promise.reject(new Error('nothing to see')) : Promise.resolve(now);
  });
  return { wait, looks: () => looks };
}

test('should call a store that no longer lets in whoever asks unknown, and what a lasting fault looks like not steady', () => {
  for (const cause of ['tls', 'credentials'] as const)
    assert.equal(unsteadyBy(cannotAsk(cause, 'refused')).cannotAsk, cause);
  const tooLarge = new HttpError('the answer is longer than 9 bytes', { tooLarge: true });
  assert.equal(unsteadyBy(new Error('management API', { cause: tooLarge })).cannotAsk, 'too-large');
  const refusals = [
    cannotAsk('route', 'no route'),
    cannotAsk('manager', 'no Patroni'),
    isDown('refuses', 'refused'),
  ];
  for (const error of [...refusals, new Error('reset')])
    assert.deepEqual(unsteadyBy(error), { ok: false, leader: null, detail: error.message });
});

test('should wait no longer for a store that refuses the login at every look, and say for how long it did', async () => {
  const { wait, looks } = seeing(REFUSED);
  const seen = await wait(TARGET, { deadlineMs: 60_000, refusedMs: 700 });
  assert.deepEqual(seen, { ...REFUSED, detail: 'it refuses the account (at every look for 1 s)' });
  assert.ok(looks() >= 3, `${looks()} looks`);
});

test('should count refused logins from the last look that was let in', async () => {
  // A look every 300 ms: the last refused one comes 1,800 ms after the beginning and 600 after the look that was let in, later on a busy machine.
  const { wait } = seeing(REFUSED, REFUSED, REFUSED, REFUSED, DOWN, REFUSED, REFUSED, STEADY);
  assert.deepEqual(await wait(TARGET, { deadlineMs: 60_000, refusedMs: 1700 }), STEADY);
});

test('should wait for a store that is down to the deadline, and for one that refuses the login where nothing else is asked', async () => {
  const down = await seeing(DOWN).wait(TARGET, { deadlineMs: 1000, refusedMs: 1 });
  assert.deepEqual(down, DOWN);
  const { wait } = seeing(REFUSED, REFUSED, REFUSED, STEADY);
  assert.deepEqual(await wait(TARGET, { deadlineMs: 60_000 }), STEADY);
});
