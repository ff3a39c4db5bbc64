import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetGap } from './budget.ts';
import { Synthetic } from './_testing/synthetic.ts';

/** The inconsistency reported once an observation is changed. */
function gapOf(kind: 'budget-estimate' | 'budget-spent', change: object, settings: object = {}): string {
  const made = new Synthetic();
  Object.assign(made.outline.settings, settings);
  const history = made.history();
  const observations = history.observations.map((seen) =>
    seen.kind === kind ? { ...seen, ...change } : seen,
  );
  return budgetGap({ ...history, observations }) ?? '';
}

test('should hold what a trial is said to have cost against its writes', () => {
  assert.equal(gapOf('budget-spent', {}), '');
  // A client load reports its progress four times a second.
  assert.equal(gapOf('budget-spent', { longestOutageMs: 1_760 }), '');
  for (const longestOutageMs of [0, 20_000, -2_000])
    assert.match(gapOf('budget-spent', { longestOutageMs }), /the longest outage was counted as/);
  for (const spentMs of [0, 20_000, -2_000])
    assert.match(
      gapOf('budget-spent', { spentMs }),
      /cost was counted as -?\d+ ms, the recorded writes show/,
    );
});

test('should count failures between answers, weighted with the share of the traffic', () => {
  const half = { share: 0.5, estimateMs: 14_000 };
  assert.match(
    gapOf('budget-estimate', half),
    /counted as 2003 ms, the recorded writes show 1002 to 1504 ms/,
  );
});

test('should count no outage where answers kept coming', () => {
  const made = new Synthetic({ outages: [[5_000, 300]] });
  assert.equal(budgetGap(made.history()), null);
  const history = made.history();
  const observations = history.observations.map((seen) =>
    seen.kind === 'budget-spent' ? { ...seen, spentMs: 3_000 } : seen,
  );
  assert.match(budgetGap({ ...history, observations }) ?? '', /cost was counted as 3000 ms/);
});

test('should want a limit where the environment says so, and everywhere but in the embedded one', () => {
  const limit = (enforced: boolean, settings: object): string =>
    gapOf('budget-estimate', { enforced }, settings);
  assert.equal(limit(false, { drills: { steadySeconds: 3, errorBudget: {} }, embedded: 'small' }), '');
  assert.match(
    limit(false, { drills: { steadySeconds: 3, errorBudget: {} } }),
    /was not enforced, declared is that it is$/,
  );
  const never = { drills: { steadySeconds: 3, errorBudget: { enforced: false } } };
  assert.match(limit(true, never), /was enforced, declared is that it is not/);
});
