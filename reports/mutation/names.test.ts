import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isName } from './names.ts';

test('takes a row of numbers for no name', () => {
  assert.deepEqual(['20>21>22', '512Mi', 'worker-1', 'a>b'].map(isName), [false, false, true, true]);
});
