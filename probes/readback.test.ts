import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBackWhole } from './readback.ts';
import type { ReadBackRequest, StoreTarget } from './store-driver.ts';

const BOUNDS = { reading: { deadlineMs: 1000 }, steady: { deadlineMs: 500 } };

/** A store of which the readings with these numbers fail. */
async function read({ failing, steady = true }: { failing: number[]; steady?: boolean }): Promise<string[]> {
  const seen: string[] = [];
  let readings = 0;
  const driver = {
    readBack: (_: StoreTarget, request: ReadBackRequest): Promise<void> => {
      readings += 1;
      if (failing.includes(readings))
        request.write({ kind: 'readback-failed', source: 'rabbitmq-0', reason: 'read ECONNRESET' });
      else request.write({ kind: 'readback', source: 'rabbitmq-0' });
      return Promise.resolve();
    },
    waitSteady: () => Promise.resolve({ ok: steady, leader: null, detail: '' }),
  };
  const write = (one: { kind: string; [field: string]: unknown }): void =>
    void seen.push(one.kind === 'readback-again' ? `again: ${String(one['reason'])}` : one.kind);
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
