import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedOf, isMet } from './client-load-group.ts';

const SEEN = {
  ...{ t: 20_000, startedMs: 1_000, ok: 3000, fail: 1, unknown: 0, unsent: 0, scheduled: 3001 },
  ...{ lastOkMs: 19_990, lastNotOkMs: 12_000, okSinceLastNotOk: 1600 },
};
const STEADY = { until: 'steady', stretchMs: 5_000 } as const;

test('a steady stretch should count from the question, since the last one is still unbroken when a fault falls', () => {
  assert.equal(isMet(STEADY, SEEN, 14_999), true);
  assert.equal(isMet(STEADY, SEEN, 15_001), false);
});

test('a stretch that may have begun before the question should count from the last failure, or from the start', () => {
  assert.equal(isMet(STEADY, SEEN, 0), true);
  assert.equal(isMet(STEADY, { ...SEEN, lastNotOkMs: 15_001 }, 0), false);
  assert.equal(isMet(STEADY, { ...SEEN, lastNotOkMs: null, startedMs: 15_001 }, 0), false);
  assert.equal(isMet(STEADY, { ...SEEN, lastNotOkMs: null, startedMs: null }, 0), false);
});

test('nothing should be steady whose last success is long ago', () => {
  assert.equal(isMet(STEADY, { ...SEEN, lastOkMs: 19_400 }, 0), false);
  assert.equal(isMet(STEADY, { ...SEEN, lastOkMs: null }, 0), false);
});

test('what was refused, unanswered or not sent should count as failed', () => {
  assert.equal(failedOf({ ...SEEN, fail: 1, unknown: 2, unsent: 4 }), 7);
});
