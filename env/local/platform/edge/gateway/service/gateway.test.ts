import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayRepeat } from './proxy.ts';

test('should repeat only requests that the upstream cannot have executed', () => {
  const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });
  assert.ok(mayRepeat(error('ECONNREFUSED'), 'POST', false));
  assert.ok(mayRepeat(error('ECONNRESET'), 'GET', false));
  assert.ok(mayRepeat(error('ECONNRESET'), 'POST', true));
  assert.ok(!mayRepeat(error('ECONNRESET'), 'POST', false));
  assert.ok(!mayRepeat(error('ETIMEDOUT'), 'GET', true));
});
