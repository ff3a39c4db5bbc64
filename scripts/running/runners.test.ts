import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addUp, readCounts } from './runners.ts';

test('should read the plain closing line, and the last one of several', () => {
  const output = '1 passed, 0 failed\nnoise 3 passed, 4 failed\ncontrols: 12 passed, 2 failed, 3 skipped\n';
  assert.deepEqual(readCounts(output), { passed: 12, failed: 2, skipped: 3 });
});

test("should read node's test runner and count cancelled tests as failed", () => {
  const output = 'ℹ tests 9\nℹ suites 0\nℹ pass 5\nℹ fail 1\nℹ cancelled 1\nℹ skipped 2\nℹ todo 0\n';
  assert.deepEqual(readCounts(output), { passed: 5, failed: 2, skipped: 2 });
});

test('should find no counts if a runner printed none', () => {
  assert.equal(readCounts('Killed\n'), null);
});

test('should count a silent runner, and one that exits non-zero without a failed test, as one failure each', () => {
  const sum = addUp([
    { counts: { passed: 3, failed: 0, skipped: 1 }, exitCode: 0 },
    { counts: null, exitCode: 0 },
    { counts: { passed: 2, failed: 0, skipped: 0 }, exitCode: 3 },
    { counts: { passed: 2, failed: 4, skipped: 0 }, exitCode: 1 },
  ]);
  assert.deepEqual(sum, { passed: 7, failed: 6, skipped: 1 });
});
