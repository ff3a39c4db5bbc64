import assert from 'node:assert/strict';
import { it } from 'node:test';
import { diffRuns } from '../index.ts';
import { metRecord } from './_testing/fixture.ts';

it('should say of two runs which was blocked or interrupted, and nothing where neither was', () => {
  const whole = metRecord();
  const cut = { ...whole, blocked: 'no route to host', interrupted: 'SIGTERM' };
  assert.deepEqual(diffRuns(whole, cut).notes, [
    'blocked: no route to host → none',
    'interrupted: SIGTERM → none',
  ]);
  assert.deepEqual(diffRuns(whole, whole).notes, []);
});
