import assert from 'node:assert/strict';
import { it } from 'node:test';
import { diffRuns } from '../index.ts';
import { acceptedRun } from '../_testing/accepted.ts';

it('should say of two runs which was blocked or interrupted, and nothing where neither was', () => {
  const whole = acceptedRun('met');
  const cut = { ...whole, blocked: 'no route to host', interrupted: 'SIGTERM' };
  assert.deepEqual(diffRuns(whole, cut).notes, [
    'blocked: no route to host → none',
    'interrupted: SIGTERM → none',
  ]);
  assert.deepEqual(diffRuns(whole, whole).notes, []);
  assert.match(diffRuns(whole, whole).text, /Nothing changed/);
});

it('should say which commits of Plumbline made the two runs, where they differ', () => {
  const by = (commit: string | null) => ({
    ...acceptedRun('met'),
    harness: { ...acceptedRun('met').harness, version: '0.1.0', commit },
  });
  const [one, other] = [by(`a1${'0'.repeat(38)}`), by(`b2${'0'.repeat(38)}`)];
  assert.deepEqual(diffRuns(one, other).notes, ['harness: 0.1.0 (b20000000000) → 0.1.0 (a10000000000)']);
  assert.deepEqual(diffRuns(one, by(null)).notes, ['harness: 0.1.0 → 0.1.0 (a10000000000)']);
  assert.deepEqual(diffRuns(one, one).notes, []);
});
