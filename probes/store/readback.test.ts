import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Unread } from '../../reports/record/observations/failover.ts';
import { isDown } from '../asking.ts';
import { MovedError, readBackWhole, unreadBy } from './readback.ts';
import type { ReadBackSeen } from './store-driver.ts';
import type { ReadBackRequest, StoreTarget } from './store-driver.ts';

const BOUNDS = { reading: { deadlineMs: 1000 }, steady: { deadlineMs: 500 } };

const READ: ReadBackSeen = {
  kind: 'readback',
  source: 'rabbitmq-0',
  role: 'leader',
  pass: 1,
  present: [],
  duplicates: [],
  complete: true,
};

/** A store of which the readings with these numbers fail. */
async function read(of: {
  failing: number[];
  why?: Unread;
  leaders?: string[];
  steady?: boolean;
}): Promise<string[]> {
  const { failing, why = 'unreachable', leaders, steady = true } = of;
  const seen: string[] = [];
  let readings = 0;
  const driver = {
    readBack: (_: StoreTarget, request: ReadBackRequest): Promise<void> => {
      readings += 1;
      if (leaders !== undefined) request.write({ kind: 'readback-leaders', leaders, seen: '' });
      if (failing.includes(readings))
        request.write({ kind: 'readback-failed', source: 'rabbitmq-0', why, reason: 'read ECONNRESET' });
      else request.write(READ);
      return Promise.resolve();
    },
    waitSteady: () => Promise.resolve({ ok: steady, leader: null, detail: '' }),
  };
  const write = (one: ReadBackSeen): void =>
    void seen.push(one.kind === 'readback-again' ? `again: ${one.reason}` : one.kind);
  await readBackWhole(driver, {} as StoreTarget, { run: 'r', write }, BOUNDS);
  return seen;
}

test('should read once what can be read', async () => {
  assert.deepEqual(await read({ failing: [] }), ['readback']);
});

test('should read once more when a member went away in the middle, and say why', async () => {
  assert.deepEqual(await read({ failing: [1] }), [
    'readback-failed',
    'again: rabbitmq-0: read ECONNRESET',
    'readback',
  ]);
});

test('should leave it at a second reading that fails too, or at the first when the store does not come to rest', async () => {
  assert.deepEqual((await read({ failing: [1, 2] })).at(-1), 'readback-failed');
  assert.deepEqual(await read({ failing: [1], steady: false }), ['readback-failed']);
});

test('false verdict 7: what was reached and is not as it should be is never read again', async () => {
  assert.deepEqual(await read({ failing: [1], why: 'unread' }), ['readback-failed']);
  assert.deepEqual(await read({ failing: [1], leaders: ['a', 'b'] }), [
    'readback-leaders',
    'readback-failed',
  ]);
  assert.deepEqual((await read({ failing: [1], why: 'moved' })).length, 3);
});

test('only a source that could not be reached, or was not at rest, may be asked again', () => {
  assert.equal(unreadBy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })), 'unreachable');
  assert.equal(unreadBy(new Error('no answer', { cause: isDown('silent', 'timeout') })), 'unreachable');
  assert.equal(unreadBy(new MovedError('the leader changed')), 'moved');
  assert.equal(unreadBy(new Error('expected it to have replayed 0/2, seen 0/1 at the deadline')), 'unread');
});
