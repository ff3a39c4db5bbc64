import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedLock } from './lock.ts';

const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

function acquire(
  { lock, log }: { lock: SharedLock; log: string[] },
  holder: string,
  mode: 'shared' | 'exclusive',
  signal = never,
) {
  return lock.acquire(holder, mode, signal).then(
    () => log.push(holder),
    (error: unknown) => log.push(`${holder}: ${(error as Error).message}`),
  );
}

test('should let readers share and keep an exclusive holder alone', async () => {
  const lock = new SharedLock();
  const log: string[] = [];
  void acquire({ lock, log }, 'a', 'shared');
  void acquire({ lock, log }, 'b', 'shared');
  void acquire({ lock, log }, 'x', 'exclusive');
  void acquire({ lock, log }, 'c', 'shared');
  await turn();
  assert.deepEqual(log, ['a', 'b']);
  lock.release('a');
  await turn();
  assert.deepEqual(log, ['a', 'b']);
  lock.release('b');
  await turn();
  assert.deepEqual(log, ['a', 'b', 'x']);
  lock.release('x');
  await turn();
  assert.deepEqual(log, ['a', 'b', 'x', 'c']);
});

test('should forget a waiter that gave up, and let those behind it in', async () => {
  const lock = new SharedLock();
  const log: string[] = [];
  const gone = new AbortController();
  void acquire({ lock, log }, 'a', 'shared');
  void acquire({ lock, log }, 'x', 'exclusive', gone.signal);
  void acquire({ lock, log }, 'b', 'shared');
  await turn();
  gone.abort();
  await turn();
  assert.deepEqual(log, ['a', 'x: x no longer waits for the lock', 'b']);
});

test('should ignore a release by somebody who holds nothing', async () => {
  const lock = new SharedLock();
  const log: string[] = [];
  void acquire({ lock, log }, 'x', 'exclusive');
  lock.release('b');
  void acquire({ lock, log }, 'b', 'shared');
  await turn();
  assert.deepEqual(log, ['x']);
});
