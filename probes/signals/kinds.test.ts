import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindNames, kindOf } from './kinds.ts';
import type { SignalKind } from './kinds.ts';

const KINDS: readonly SignalKind[] = [
  { kind: 'one', label: 'One', metWith: null },
  { kind: 'two', label: 'Two', metWith: '2.0' },
];

test('should take the name of each kind, and no other', () => {
  const names = kindNames(KINDS);
  assert.equal(names.parse('two'), 'two');
  assert.match(names.safeParse('three').error?.message ?? '', /one.*two/);
});

test('should find a kind, or say which there are', () => {
  assert.equal(kindOf(KINDS, 'two').label, 'Two');
  assert.throws(() => kindOf(KINDS, 'three'), /no kind "three"; there are one, two/);
});
