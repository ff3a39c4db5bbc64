import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invent } from '../judge/topology/_testing/histories.ts';
import { survivorsOf } from './_testing/hold.ts';

test('should refuse a made-up history that does not pass, and a check without judge', () => {
  assert.throws(() => survivorsOf(invent({ check: 'topology/nodes/pools', seen: [] })), /does not pass/);
  assert.throws(() => survivorsOf(invent({ check: 'topology/no/such', seen: [] })), /no judge/);
});
