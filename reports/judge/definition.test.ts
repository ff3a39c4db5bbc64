import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../record/judgement.ts';
import { enoughTrials } from './definition.ts';
import { invent } from './topology/testing.ts';

const judgement = (verdict: Judgement['verdict']): Judgement => ({
  ...{ verdict, reason: verdict, expected: '', seen: '', figures: [] },
  ...{ findings: [], findingsTotal: 0, evidence: [] },
});

test('should want as many trials as the goal asks for, and let a failure stand', () => {
  const trial = (number: number) => {
    const history = invent({ check: 'failover/backend/pod-crash', goals: { minTrials: 2 }, seen: [] });
    return { ...history, header: { ...history.header, trial: number } };
  };
  const passes = enoughTrials(() => judgement('pass'));
  assert.equal(passes([trial(1), trial(2)]).verdict, 'pass');
  const few = passes([trial(1)]);
  assert.deepEqual([few.verdict, few.reason], ['inconclusive', '1 trial passed, the goal asks for 2']);
  assert.equal(passes([trial(1), trial(1)]).verdict, 'inconclusive');
  assert.equal(enoughTrials(() => judgement('fail'))([trial(1)]).verdict, 'fail');
});
