import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCut } from './log-scan.ts';

test('should take a log for cut that has as many lines or bytes as are read at most', () => {
  assert.equal(isCut('a line\n'.repeat(199_999)), false);
  assert.equal(isCut(`\n${'a line\n'.repeat(199_999)}`), true);
  assert.equal(isCut('x'.repeat((64 << 20) - 1)), false);
  assert.equal(isCut('x'.repeat(64 << 20)), true);
});
