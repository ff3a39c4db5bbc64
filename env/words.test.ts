import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandBraces, globMatcher } from './globs.ts';
import { closest, editDistance } from './suggest.ts';

test('should keep one star within a segment and let two cross', () => {
  assert.ok(globMatcher('topology/*/pools')('topology/nodes/pools'));
  assert.ok(!globMatcher('topology/*')('topology/nodes/pools'));
  assert.ok(globMatcher('topology/**')('topology/nodes/pools'));
  assert.ok(globMatcher('a?c')('abc'));
});

test('should take every other character for itself', () => {
  assert.ok(!globMatcher('a.c')('abc'));
  assert.ok(globMatcher('a(b)+[c]')('a(b)+[c]'));
});

test('should match and refuse a glob of many stars at once', () => {
  const glob = globMatcher('**a**a**a**a**a**a**a**a**b');
  assert.ok(!glob('a'.repeat(2_000)));
  assert.ok(glob(`${'a'.repeat(2_000)}/b`));
  assert.ok(globMatcher('**')(''));
  assert.ok(globMatcher('topology/**')('topology/'));
  assert.throws(() => globMatcher('{a,b}'.repeat(20)), /more than 1000 alternatives/);
});

test('should expand braces', () => {
  assert.deepEqual(expandBraces('x/{a,b}/{c,d}'), ['x/a/c', 'x/a/d', 'x/b/c', 'x/b/d']);
  assert.deepEqual(expandBraces('plain'), ['plain']);
});

test('should measure how far words are apart', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('', 'abc'), 3);
});

test('should suggest what is near and nothing that is far', () => {
  assert.equal(closest('stagin', ['local', 'staging']), 'staging');
  assert.equal(closest('zebra', ['local', 'staging']), null);
});
