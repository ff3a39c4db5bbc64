import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objective } from '../../record/telemetry/objective.ts';
import { windowOf } from './account.ts';
import type { Answers } from './account.ts';
import { budgetOf } from './budget.ts';
import type { Budget } from './budget.ts';
import { burnPairs, burnRates } from './burn-rate.ts';

const objective = (over: Partial<Objective> = {}): Objective => ({
  name: 'api-requests',
  title: 'API requests',
  service: 'tender-api',
  method: 'Occurrences',
  target: 0.99,
  window: { kind: 'rolling', ms: 600_000 },
  slice: null,
  indicator: { kind: 'ratio', counter: true, good: null, bad: 'bad', total: 'total' },
  status: 'assumed',
  stated: 'environment file',
  ...over,
});

const SLICES = { method: 'Timeslices', slice: { target: 0.99, ms: 60_000 } } as const;
const GOOD = objective({
  indicator: { kind: 'ratio', counter: true, good: 'good', bad: null, total: 'total' },
});
const PODS = 2;

const answers = (over: Partial<Answers> = {}): Answers => ({
  total: 6000,
  part: 0,
  totalFirst: null,
  partFirst: null,
  busy: null,
  whole: null,
  coverage: 1,
  before: PODS,
  ...over,
});

const budget = (over: Partial<Answers>, of = objective()): Budget =>
  budgetOf(of, windowOf(of, answers(over), PODS));

const near = (found: number, expected: number, within = 1e-6): void =>
  assert.ok(Math.abs(found - expected) <= within, `${found} is not ${expected}`);

describe('budgetOf', () => {
  it('should leave what is not spent, and fail what is overspent', () => {
    const left = budget({ part: 15 });
    assert.deepEqual([left.verdict, left.reason], ['pass', '75 % of the budget left']);
    const spent = budget({ part: 180 });
    assert.deepEqual([spent.verdict, spent.reason], ['fail', '3 times the budget spent']);
    near(spent.remaining.worst, -2);
  });

  it('should pass a budget that is spent exactly', () => {
    assert.equal(budget({ part: 60 }).verdict, 'pass');
  });

  it('should count good events as well as bad ones', () => {
    near(budget({ part: 5880 }, GOOD).achieved.worst, 0.98);
    near(budget({ part: null }, GOOD).achieved.best, 0);
    // One query may be a sample ahead of the other.
    near(budget({ part: 6001 }, GOOD).achieved.worst, 1);
    near(budget({ part: 6001 }).achieved.worst, 0);
  });

  it('should count the first values of series that were born in the window', () => {
    const born = budget({ part: 0, partFirst: 90, total: 5910, totalFirst: 90 });
    assert.deepEqual([born.verdict, born.reason], ['fail', '1.5 times the budget spent']);
  });

  it('should count first values where known targets missed a few scrapes, and doubt them where one was long away', () => {
    const first = { partFirst: 300, totalFirst: 300 };
    assert.equal(budget({ ...first, coverage: 0.976 }).verdict, 'fail');
    assert.equal(budget({ ...first, coverage: 0.85 }).verdict, 'inconclusive');
  });

  it('should count first values once with and once without where nobody watched their targets all the time', () => {
    const first = { partFirst: 90, totalFirst: 90 };
    for (const unwatched of [{ before: PODS - 1 }, { before: null }]) {
      const open = budget({ ...first, ...unwatched });
      assert.equal(open.verdict, 'inconclusive');
      assert.match(
        open.reason,
        /^between -47\.\d+ % and 100 % .*100 % of the window was observed; what new series/,
      );
      // What is shown of it is what surely lies in the window.
      assert.equal(open.account.seen.total, 6000);
    }
    // All that was ever counted must not make the budget larger.
    assert.equal(budget({ part: 70, totalFirst: 1e6, before: 0 }).verdict, 'inconclusive');
    assert.equal(budget({ part: 180, ...first, before: 0 }).verdict, 'fail');
  });

  it('should count what was not observed as good and as bad', () => {
    const open = budget({ coverage: 0.9 });
    assert.equal(open.verdict, 'inconclusive');
    near(open.remaining.best, 1);
    near(open.remaining.worst, 1 - 0.1 / 0.01);
    assert.match(
      open.reason,
      /^between -900\.?\d* % and 100 % of the budget left: 90 % of the window was observed/,
    );
    const spent = budget({ coverage: 0.9, part: 180 });
    assert.deepEqual(
      [spent.verdict, /^at least 2\.7 times/.test(spent.reason)],
      ['fail', true],
      spent.reason,
    );
    const lenient = budget({ coverage: 0.9 }, objective({ target: 0.5 }));
    assert.equal(lenient.verdict, 'pass');
    assert.match(lenient.reason, /^at least 80 % of the budget left, 90 % of the window was observed$/);
  });

  it('should say nothing of no data and of no traffic', () => {
    assert.match(budget({ total: null, coverage: null }).reason, /no data for the window/);
    assert.match(budget({ coverage: 0 }).reason, /no data for the window/);
    for (const total of [0, null]) {
      const none = budget({ total, coverage: 0.4 });
      assert.deepEqual(
        [none.verdict, none.reason],
        ['inconclusive', 'no event was counted in the window: 40 % of the window was observed'],
      );
    }
  });

  it('should not pass with a budget of less than one event, and say how many would do', () => {
    const few = budget({ total: 30 }, objective({ target: 0.999 }));
    assert.equal(few.verdict, 'inconclusive');
    assert.match(few.reason, /^30 events are too few: .*; a target of 99.9 % needs 1000/);
    assert.equal(budget({ total: 10 }, objective({ target: 0.9 })).verdict, 'pass');
    assert.equal(budget({ total: 60, part: 1 }, objective({ target: 0.999 })).verdict, 'fail');
  });
});

describe('budgetOf by slices of time', () => {
  const slices = (over: Partial<Answers>, target = 0.9): Budget =>
    budget({ total: 10, part: 0, busy: 10, whole: 10, ...over }, objective({ ...SLICES, target }));

  it('should count bad slices', () => {
    const one = slices({ part: 1 });
    assert.equal(one.verdict, 'pass');
    near(one.remaining.worst, 0);
    assert.equal(slices({ part: 2 }).verdict, 'fail');
  });

  it('should count slices that were not observed both ways, also where nothing says how many were', () => {
    const open = slices({ whole: 8, coverage: 0.85 });
    assert.deepEqual([open.account.badBest, open.account.badWorst, open.verdict], [0, 2, 'inconclusive']);
    assert.equal(slices({ whole: null }).verdict, 'inconclusive');
  });

  it('should be open where only slices without traffic leave a budget, or make it one', () => {
    const quiet = slices({ busy: 5 }, 0.8);
    assert.deepEqual([quiet.verdict, quiet.account.quiet], ['pass', 5]);
    assert.match(
      slices({ busy: 5, part: 2 }, 0.8).reason,
      /only because 5 slices without traffic count as good/,
    );
    assert.match(slices({ busy: 3 }, 0.8).reason, /^3 slices with traffic are too few/);
    assert.match(slices({ busy: null }).reason, /^no slice with an event was counted/);
  });
});

describe('burnRates', () => {
  const DAY_MS = 86_400_000;
  const rates = (over: Partial<Answers>, windowMs = 30 * DAY_MS, of = objective()) =>
    burnRates(of, burnPairs(of, windowMs, 15_000), () => windowOf(of, answers(over), PODS));

  it('should be the share of bad events over what may be bad, by the pairs of the workbook', () => {
    const [fast, ...others] = rates({ part: 6000 * 0.2 });
    assert.deepEqual(
      [fast?.longMs, fast?.shortMs, fast?.scale, fast?.state],
      [3_600_000, 300_000, 1, 'burning'],
    );
    near(fast?.long?.worst ?? 0, 20);
    assert.deepEqual(
      others.map(({ state }) => state),
      ['burning', 'burning'],
    );
    assert.equal(rates({ part: 6000 * 0.1 })[0]?.state, 'quiet');
  });

  it('should not know a rate that depends on what was not observed', () => {
    for (const over of [{ coverage: 0.5 }, { coverage: 0 }, { coverage: null, total: null }])
      assert.equal(rates(over)[0]?.state, 'unknown');
  });

  it('should shorten the windows of an objective of less than three days', () => {
    const found = rates({}, DAY_MS);
    near(found[0]?.scale ?? 0, 1 / 30);
    assert.match(
      found[0]?.reason ?? '',
      /^a window of 10 s holds no two points of data that are 15 s apart$/,
    );
    assert.equal(found[2]?.state, 'quiet');
    const sliced = rates({}, DAY_MS, objective({ ...SLICES, slice: { target: 0.9, ms: 900_000 } }));
    assert.match(sliced[2]?.reason ?? '', /is shorter than a slice of 900 s$/);
  });

  it('should say why a window could not be asked for', () => {
    const of = objective();
    const [first] = burnRates(of, burnPairs(of, 30 * DAY_MS, 15_000), () => 'too many samples');
    assert.deepEqual([first?.state, first?.reason, first?.long], ['unknown', 'too many samples', null]);
  });
});
