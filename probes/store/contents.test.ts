import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentsOf } from './contents.ts';

test('should tell ranges and how often a number is there, whatever the order', () => {
  assert.deepEqual(contentsOf([3, 1, 2, 7, 2, 9, 8, 2, 9]), {
    present: [
      [1, 3],
      [7, 9],
    ],
    duplicates: [
      [2, 3],
      [9, 2],
    ],
  });
  assert.deepEqual(contentsOf([]), { present: [], duplicates: [] });
});
