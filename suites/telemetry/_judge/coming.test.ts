import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comingOf } from './observed.ts';

const RULE = { visibleMs: 30_000, lookEveryMs: 1_000, gaps: [] };

test('should call late what a question after the deadline did not find, and nothing that was not asked for then', () => {
  const coming = (seenMs: number, unseenMs?: number | null): string =>
    comingOf({ atMs: 0, seenMs, ...(unseenMs !== undefined && { unseenMs }) }, RULE);
  assert.equal(coming(31_000), 'in time');
  assert.equal(coming(31_001), 'late', 'of a record that does not say when it was asked for');
  assert.equal(coming(50_000, 31_000), 'late');
  assert.equal(coming(50_000, 30_001), 'late');
  assert.equal(coming(50_000, 30_000), 'unseen');
  assert.equal(coming(50_000, 5_000), 'unseen', 'slow answers of its store');
  assert.equal(coming(50_000, null), 'unseen', 'it was asked for once');
  assert.equal(coming(20_000, null), 'in time');
});
