import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFulfilled, withDeadline } from './platform-wait.ts';

test('should tell a promise that is fulfilled from one that is pending or was rejected', async () => {
  assert.equal(await isFulfilled(Promise.resolve()), true);
  assert.equal(await isFulfilled(Promise.resolve().then(() => 1)), true);
  assert.equal(await isFulfilled(new Promise(() => undefined)), false);
  assert.equal(await isFulfilled(Promise.reject(new Error('no'))), false);
});

test('should wait no longer than it may, and no longer than nobody interrupts', async () => {
  const never = new Promise<number>(() => undefined);
  const nobody = new AbortController().signal;
  assert.equal(await withDeadline(Promise.resolve(7), 1000, nobody), 7);
  await assert.rejects(withDeadline(never, 1, nobody), /not within 0 s/);
  await assert.rejects(withDeadline(Promise.reject(new Error('broken')), 1000, nobody), /broken/);
  const interrupt = new AbortController();
  const waiting = withDeadline(never, 60_000, interrupt.signal);
  interrupt.abort();
  await assert.rejects(waiting, /interrupted/);
});
