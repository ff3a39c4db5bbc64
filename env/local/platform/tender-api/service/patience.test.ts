import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patience } from './patience.ts';

test('should not pause for short failures, however many', () => {
  const patience = new Patience(2_000);
  for (const atMs of [10_000, 10_001, 11_900]) patience.failed(atMs);
  assert.equal(patience.pauses(11_901), false);
  patience.succeeded();
  patience.failed(12_100);
  assert.equal(patience.pauses(12_101), false);
});

test('should pause after lasting failures, and again if they continue', () => {
  const patience = new Patience(2_000);
  patience.failed(10_000);
  patience.failed(12_000);
  assert.deepEqual([patience.pauses(13_999), patience.pauses(14_000)], [true, false]);
  patience.failed(14_000);
  assert.equal(patience.pauses(14_001), true);
});
