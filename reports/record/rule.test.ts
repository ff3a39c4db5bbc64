import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gapRule } from './rule.ts';

test('should be inconclusive with the gap as the cause, and pass without one', () => {
  const holds = 'the steps were recorded in their order';
  assert.deepEqual(gapRule('steps', null, holds), { id: 'steps', verdict: 'pass', text: holds });
  assert.deepEqual(gapRule('steps', 'no fault was recorded', holds), {
    id: 'steps',
    verdict: 'inconclusive',
    text: 'no fault was recorded',
  });
});
