import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannotAsk, isDown } from '../asking.ts';
import { unsteadyBy } from './steady.ts';

test('should call a store that no longer lets in whoever asks unknown, and what a lasting fault looks like not steady', () => {
  for (const cause of ['tls', 'credentials'] as const)
    assert.equal(unsteadyBy(cannotAsk(cause, 'refused')).cannotAsk, cause);
  const refusals = [
    cannotAsk('route', 'no route'),
    cannotAsk('manager', 'no Patroni'),
    isDown('refuses', 'refused'),
  ];
  for (const error of [...refusals, new Error('reset')])
    assert.deepEqual(unsteadyBy(error), { ok: false, leader: null, detail: error.message });
});
