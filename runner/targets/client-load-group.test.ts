import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedOf, isMet } from './client-load-group.ts';

const SEEN = {
  t: 20_000,
  startedMs: 1_000,
  ok: 3000,
  fail: 1,
  unknown: 0,
  unsent: 0,
  scheduled: 3001,
  lastOkMs: 19_990,
  okSinceMs: 12_000,
  readNotOkMs: 15_001,
};
const asked = (askedMs: number): { askedMs: number; openUntilMs: number } => ({ askedMs, openUntilMs: 0 });
const STEADY = { until: 'steady', stretchMs: 5_000 } as const;

test('a steady stretch should count from the question, since the last one is still unbroken when a fault falls', () => {
  assert.equal(isMet(STEADY, SEEN, asked(14_990)), true);
  assert.equal(isMet(STEADY, SEEN, asked(14_991)), false);
});

test('a stretch that may have begun before the question should count from the first success after the last failure to the last one', () => {
  assert.equal(isMet(STEADY, SEEN, asked(0)), true);
  assert.equal(isMet(STEADY, { ...SEEN, okSinceMs: 14_990 }, asked(0)), true);
  assert.equal(
    isMet(STEADY, { ...SEEN, okSinceMs: 14_991 }, asked(0)),
    false,
    'the judge would see less than 5 s',
  );
  assert.equal(
    isMet(STEADY, { ...SEEN, okSinceMs: null }, asked(0)),
    false,
    'nothing succeeded after the last failure',
  );
});

test('a stretch should go on until what was open at the question has ended, since a stall of that moment has failed nothing yet', () => {
  assert.equal(isMet(STEADY, SEEN, { askedMs: 0, openUntilMs: 19_991 }), false);
  assert.equal(isMet(STEADY, SEEN, { askedMs: 0, openUntilMs: 19_990 }), true);
});

test('reads should count where they are asked for', () => {
  assert.equal(isMet({ ...STEADY, reads: true }, SEEN, asked(0)), false);
  for (const readNotOkMs of [15_000, null])
    assert.equal(isMet({ ...STEADY, reads: true }, { ...SEEN, readNotOkMs }, asked(0)), true);
});

test('nothing should be steady whose last success is long ago', () => {
  assert.equal(isMet(STEADY, { ...SEEN, lastOkMs: 19_400 }, asked(0)), false);
  assert.equal(isMet(STEADY, { ...SEEN, lastOkMs: null }, asked(0)), false);
});

test('what was refused, unanswered or not sent should count as failed', () => {
  assert.equal(failedOf({ ...SEEN, fail: 1, unknown: 2, unsent: 4 }), 7);
});
