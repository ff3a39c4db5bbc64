import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addFaultFacts } from '../../record/fault-facts.ts';
import { budgetGap } from './budget.ts';
import { armedFor, Synthetic } from './_testing/synthetic.ts';

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

addFaultFacts('hang', { heals: false });
addFaultFacts('pod-crash', { heals: true });

test('should want the time for which a majority is kept away in the price, where the fault does not end by itself', () => {
  const priced = (fault: string, outageMs: number, failover: object = { target: 'majority' }): string => {
    const trial = new Synthetic({
      check: `failover/postgres/${fault}`,
      settings: { failover, timeouts: { faultHold: 30_000 } },
    }).without('expected-window', 'fault-armed');
    trial.see(4_999, 'fault-armed', armedFor(fault, 'postgres-0, postgres-1'));
    const history = trial.history();
    const estimate = { from: 'goal', outageMs, estimateMs: outageMs };
    const observations = history.observations.map((seen) =>
      seen.kind === 'budget-estimate' ? { ...seen, ...estimate } : seen,
    );
    return budgetGap({ ...history, observations } as typeof history) ?? '';
  };
  assert.equal(priced('hang', 60_000), '');
  assert.match(priced('hang', 30_000), /an outage of 30000 ms, but its source, the goal, says 60000/);
  assert.equal(priced('hang', 35_000, { target: 'majority', holdMs: 5_000 }), '');
  assert.equal(priced('hang', 30_000, { target: 'leader' }), '');
  assert.equal(priced('pod-crash', 30_000), '');
});
