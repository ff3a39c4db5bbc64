import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atMost, firstOf } from './at-most.ts';

test('should name all that there is room for, and count the others', () => {
  assert.deepEqual(atMost(['a', 'b', 'c'], 2), ['a', 'b', 'and 1 more']);
  assert.deepEqual(atMost(['a', 'b'], 2), ['a', 'b']);
  assert.deepEqual(atMost([], 2), []);
});

test('should say the first of several, and how many others there are', () => {
  assert.equal(firstOf('a', 3), 'a (and 2 more)');
  assert.equal(firstOf('a', 1), 'a');
});
