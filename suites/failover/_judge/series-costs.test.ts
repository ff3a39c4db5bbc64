import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { failoverRecord } from './index.ts';
import { Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';
import { costFigures } from './series-costs.ts';
import { aggregateTrials } from './trials.ts';

const plain = failoverRecord(new Synthetic().without('stage', 'budget-estimate', 'budget-spent').history());
const budget = {
  estimateMs: 10_000,
  share: 1,
  derivation: 'd',
  enforced: true,
  longestOutageMs: 0,
  restoredEarly: null,
};
const trial = (recoveryMs: number, more: Partial<FailoverRecord['budget']> = {}): FailoverRecord => ({
  ...plain,
  verdict: 'pass',
  spentMs: { 'steady before': 5_000, recovery: recoveryMs },
  budget: { ...budget, spentMs: 2_000, ...more },
});

const SPENT = { name: 'error budget spent, counted live (estimated before: 30 s)' };
const isSpent = ({ name }: { name: string }): boolean => name.startsWith('error budget spent');

it('should say nothing of what was not counted', () => {
  assert.deepEqual(costFigures([plain]), []);
});

it('should give the median of each stage and the error budget of all trials', () => {
  const figures = costFigures([trial(8_000), trial(9_000), trial(60_000, { restoredEarly: 'too long' })]);
  assert.deepEqual(figures, [
    { name: 'median time of a trial, by stage', value: 'steady before 5 s, recovery 9 s' },
    { ...SPENT, value: 6, unit: 's', goal: '≤ 30' },
    { name: 'trials in which the fault was undone early', value: 1 },
  ]);
});

it('should call an estimate a limit only where the budget is enforced', () => {
  const figures = costFigures([trial(1, { enforced: false })]);
  assert.equal(figures.find(isSpent)?.name, 'error budget spent, counted live (estimated before: 10 s)');
  assert.equal(figures.find(isSpent)?.goal, undefined);
});

it('should not take an unknown price for none', () => {
  const figures = costFigures([trial(1, { spentMs: null })]);
  assert.equal(figures.find(isSpent)?.value, null);
  assert.ok(figures.some(({ name }) => name.includes('not counted to the end')));
});

it('should be among the figures of a series', () => {
  const { figures } = aggregateTrials([trial(8_000), trial(9_000)], {});
  assert.ok(figures.some(isSpent));
});
