import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../api/k6.ts';
import { textOf } from './hooks.ts';

test('should give what a script says by fail() as it is, and of another error its place in the script', () => {
  assert.equal(textOf(new Failure('not ready: 503')), 'not ready: 503');
  const error = new Error('no luck');
  error.stack = 'Error: no luck\n    at setup (file:///scripts/a.ts:3:5)\n    at node:internal/x:1';
  assert.equal(textOf(error), 'Error: no luck at setup (file:///scripts/a.ts:3:5)');
});
