import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeadlineError, lookUntil, repeat, retry, waitFor } from './wait.ts';

const DEADLINE_MS = 200;
const INTERVAL_MS = 5;
const brief = { deadlineMs: DEADLINE_MS, intervalMs: INTERVAL_MS };
const atOnce = { deadlineMs: 0, intervalMs: INTERVAL_MS };

/** 1, 2, 3 … at each call. */
function counter(): () => number {
  let count = 0;
  return () => ++count;
}

test('lookUntil should give what is awaited as soon as it is seen', async () => {
  const seen = await lookUntil(counter(), (count) => count === 3, brief);
  assert.equal(seen, 3);
});

test('lookUntil should give what it saw last when the deadline passes, after one look at least', async () => {
  assert.equal(await lookUntil(counter(), () => false, atOnce), 1);
  const twice = { deadlineMs: 30, intervalMs: 10_000 };
  const looks = await lookUntil(counter(), () => false, twice);
  assert.ok(looks >= 2, 'there is a look at the deadline, however long the interval');
});

test('lookUntil should pass on what a look throws', async () => {
  const failing = (): never => {
    throw new Error('no route');
  };
  await assert.rejects(
    lookUntil(failing, () => true, brief),
    /no route/,
  );
});

test('every wait should end with the reason of its signal', async () => {
  const ending = new AbortController();
  const options = { deadlineMs: 60_000, intervalMs: 30_000, signal: ending.signal };
  const waits = [
    lookUntil(
      () => null,
      () => false,
      options,
    ),
    waitFor(() => null, { what: 'nothing', ...options }),
    retry(() => Promise.reject(new Error('not yet')), options),
  ];
  setImmediate(() => ending.abort(new Error('given up')));
  for (const wait of waits) await assert.rejects(wait, /given up/);
});

test('waitFor should say what was awaited, what was last seen and what to run next', async () => {
  const look = (): never => {
    throw new Error('connection refused');
  };
  await assert.rejects(
    waitFor(look, { what: 'the socket', next: 'ss -l', ...atOnce }),
    (error) =>
      error instanceof DeadlineError &&
      error.message === 'waited 0 s for the socket; last seen: connection refused; next: ss -l',
  );
});

test('waitFor should give what it found, false and 0 included', async () => {
  assert.equal(await waitFor(() => false, { what: 'it', ...brief }), false);
  assert.equal(await waitFor(() => 0, { what: 'it', ...brief }), 0);
});

test('retry should try again until it succeeds, and hand on what time is left', async () => {
  const count = counter();
  const left: number[] = [];
  const found = await retry((leftMs) => {
    left.push(leftMs);
    return count() < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve('here');
  }, brief);
  assert.equal(found, 'here');
  assert.equal(left.length, 3);
  assert.ok(left.every((ms) => ms >= 1 && ms <= DEADLINE_MS));
});

test('retry should throw a final error at once, and the last one when no time is left', async () => {
  const count = counter();
  const failing = (): Promise<never> => Promise.reject(new Error(`attempt ${count()}`));
  await assert.rejects(retry(failing, { ...brief, isFinal: () => true }), /attempt 1$/);
  await assert.rejects(retry(failing, atOnce), /attempt 2$/);
});

test('repeat should act until its signal fires', async () => {
  const ending = new AbortController();
  const count = counter();
  let last = 0;
  await repeat(1, ending.signal, () => {
    last = count();
    if (last === 3) ending.abort();
  });
  assert.equal(last, 3);
});
