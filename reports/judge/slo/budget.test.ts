import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objective, Series } from '../../record/objective.ts';
import { budgetOf } from './budget.ts';
import { burnRates } from './burn-rate.ts';
import { percent } from './percent.ts';
import { gridOf } from './series/series.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const STEP = 10_000;

function objective(over: Partial<Objective> = {}): Objective {
  return {
    name: 'api-requests',
    title: 'API requests',
    service: 'tender-api',
    method: 'Occurrences',
    target: 0.99,
    window: { kind: 'run' },
    slice: null,
    indicator: { kind: 'ratio', counter: true, good: null, bad: 'bad', total: 'total' },
    status: 'assumed',
    ...over,
  };
}
const SLICES = { method: 'Timeslices', slice: { target: 0.95, ms: 60_000 } } as const;

/** A counter scraped every 10 s; `rateAt` is what it grows by until each scrape, null where it was not scraped. */
function counter(points: number, growth: (index: number) => number | null | 'reset'): Series {
  let value = 1000;
  const found: [number, number | null][] = [];
  for (let index = 0; index < points; index += 1) {
    const by = growth(index);
    if (by === null) {
      value += 100;
      continue;
    }
    value = by === 'reset' ? 50 : value + by;
    found.push([T0 + index * STEP, value]);
  }
  return { labels: { instance: 'a' }, points: found };
}

function budget(of: Objective, total: Series[], bad: Series[], points = 61) {
  const span = { fromMs: T0, toMs: T0 + (points - 1) * STEP, stepMs: STEP };
  const grid = gridOf(
    of,
    new Map([
      ['total', total],
      ['bad', bad],
    ]),
    span,
  );
  assert.ok(grid);
  return { ...budgetOf(of, grid), grid };
}
const steady = counter(61, () => 100);
const near = (actual: number, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

describe('budgetOf by occurrences', () => {
  it('should spend what was bad, down to nothing and below', () => {
    const half = budget(objective(), [steady], [counter(61, (i) => (i >= 31 && i < 61 ? 1 : 0))]);
    near(half.events, 6000);
    near(half.remaining.worst, 0.5);
    near(half.achieved.best, 0.995);
    assert.equal(half.verdict, 'pass');
    const exact = budget(objective(), [steady], [counter(61, (i) => (i > 0 ? 1 : 0))]);
    assert.equal(exact.verdict, 'pass');
    const over = budget(objective(), [steady], [counter(61, (i) => (i > 0 ? 3 : 0))]);
    near(over.remaining.best, -2);
    assert.deepEqual([over.verdict, over.reason], ['fail', '3 times the budget spent']);
  });

  it('should count what a counter has counted since it began again', () => {
    const total = counter(61, (i) => (i === 30 ? 'reset' : 100));
    const found = budget(objective(), [total], [counter(61, () => 0)]);
    near(found.events, 59 * 100 + 50);
    assert.equal(found.grid.resets, 1);
    assert.deepEqual(found.gaps, []);
  });

  it('should see the first error of a service, whose counter did not exist before', () => {
    const born: Series = { labels: { status: '503' }, points: [40, 41, 42].map((i) => [T0 + i * STEP, 70]) };
    const found = budget(objective(), [steady], [born]);
    near(found.account.badBest, 70);
    // A counter that was there when the window began is where counting begins.
    const old: Series = { labels: { status: '503' }, points: [0, 1, 2].map((i) => [T0 + i * STEP, 70]) };
    near(budget(objective(), [steady], [old]).account.badBest, 0);
  });

  it('should add pods up, also those that come and go', () => {
    const late: Series = {
      labels: { instance: 'b' },
      points: [20, 21, 22].map((i) => [T0 + i * STEP, (i - 19) * 10]),
    };
    near(budget(objective(), [steady, late], []).events, 6030);
  });

  it('should bear a single missing scrape, and leave out values that are no number', () => {
    const found = budget(objective(), [counter(61, (i) => (i === 20 ? null : 100))], []);
    assert.deepEqual([found.gaps, found.verdict], [[], 'pass']);
    near(found.events, 6000);
    const stale = {
      ...steady,
      points: steady.points.map(([t, v], i): [number, number | null] => [t, i === 7 ? null : v]),
    };
    near(budget(objective(), [stale], []).events, 6000);
  });

  it('should be open where the verdict depends on a gap, and name it', () => {
    const gappy = counter(61, (i) => (i > 20 && i < 30 ? null : 100));
    const found = budget(objective(), [gappy], []);
    assert.equal(found.verdict, 'inconclusive');
    near(found.remaining.best, 1);
    near(found.remaining.worst, 1 - 1000 / 6000 / 0.01, 1e-3);
    assert.match(
      found.reason,
      /no data from 2026-01-01 00:03:20 to 2026-01-01 00:05:00 \(100 s\); 83\.333 % of/,
    );
  });

  it('should fail in spite of a gap when even the best case misses, and pass when the worst does not', () => {
    const gappy = counter(61, (i) => (i > 20 && i < 30 ? null : 100));
    const bad = counter(61, (i) => (i > 0 && i < 20 ? 10 : 0));
    assert.equal(budget(objective(), [gappy], [bad]).verdict, 'fail');
    const lenient = budget(objective({ target: 0.5 }), [gappy], []);
    assert.equal(lenient.verdict, 'pass');
    assert.match(lenient.reason, /^at least 66\.\d+ % of the budget left, no data from/);
  });

  it('should count a missing beginning and end as gaps, and a restart that nobody saw', () => {
    const late = { ...steady, points: steady.points.slice(10, 50) };
    assert.equal(budget(objective(), [late], []).gaps.length, 2);
    const restarted = counter(61, (i) => (i > 20 && i < 25 ? null : i === 25 ? 'reset' : 100));
    const other = counter(61, () => 1);
    const found = budget(objective(), [restarted, { ...other, labels: { instance: 'b' } }], []);
    assert.deepEqual(found.gaps, [{ fromMs: T0 + 20 * STEP, toMs: T0 + 25 * STEP, share: 0.5 }]);
    assert.match(found.reason, /no data of 50 % of its targets from/);
  });

  it('should say nothing of no data and of no traffic', () => {
    assert.match(budget(objective(), [], []).reason, /no data for the window/);
    assert.match(budget(objective(), [counter(61, () => 0)], []).reason, /no event/);
    const lost = counter(61, (i) => (i < 40 ? null : 0));
    assert.match(budget(objective(), [lost], []).reason, /no event was counted in the window: no data from/);
  });

  it('should not pass with a budget of less than one event, and say how many would do', () => {
    const few = budget(objective({ target: 0.999 }), [counter(61, (i) => Number(i % 2 === 0))], []);
    assert.equal(few.verdict, 'inconclusive');
    assert.match(few.reason, /^30 events are too few: .*; a target of 99.9 % needs 1000/);
    assert.equal(
      budget(objective({ target: 0.9 }), [counter(61, (i) => Number(i % 6 === 0))], []).verdict,
      'pass',
    );
    const spent = budget(
      objective({ target: 0.999 }),
      [counter(61, () => 1)],
      [counter(61, (i) => Number(i === 9))],
    );
    assert.equal(spent.verdict, 'fail');
  });

  it('should hold what was bad against the budget of the whole period of a calendar', () => {
    const bad = [counter(61, (i) => (i > 0 ? 3 : 0))];
    const at = { fromMs: T0, toMs: T0 + 60 * STEP, stepMs: STEP };
    const of = (endMs: number) => {
      const answers = new Map([
        ['total', [steady]],
        ['bad', bad],
      ]);
      const grid = gridOf(objective(), answers, { ...at, endMs });
      assert.ok(grid);
      return budgetOf(objective(), grid);
    };
    assert.equal(of(at.toMs).verdict, 'fail');
    const early = of(T0 + 600 * STEP);
    assert.equal(early.verdict, 'pass');
    assert.equal(early.reason, '70 % of the budget of the whole period left');
    near(early.achieved.worst, 0.97);
    assert.equal(of(T0 + 120 * STEP).verdict, 'fail');
  });

  it('should take good events as well as bad ones', () => {
    const of = objective({
      indicator: { kind: 'ratio', counter: true, good: 'bad', bad: null, total: 'total' },
    });
    near(budget(of, [steady], [counter(61, () => 98)]).achieved.worst, 0.98);
    // No good one at all: everything was bad.
    near(budget(of, [steady], []).achieved.best, 0);
  });
});

describe('budgetOf by slices of time', () => {
  it('should count a slice as bad when too many of its events are', () => {
    const bad = counter(61, (i) => (i > 0 && i <= 6 ? 100 : i === 40 ? 5 : 0));
    const found = budget(objective({ ...SLICES, target: 0.9 }), [steady], [bad]);
    assert.deepEqual([found.account.total, found.account.badBest, found.account.badWorst], [10, 1, 1]);
    near(found.remaining.worst, 0);
    assert.equal(found.verdict, 'pass');
  });

  it('should count slices of a gap both ways', () => {
    const gappy = counter(61, (i) => (i > 20 && i < 30 ? null : 100));
    const found = budget(objective({ ...SLICES, target: 0.9 }), [gappy], []);
    assert.deepEqual([found.account.badBest, found.account.badWorst], [0, 2]);
    assert.equal(found.verdict, 'inconclusive');
  });

  it('should call a quiet slice good only where it was covered', () => {
    const quiet = counter(61, (i) => (i < 30 ? 100 : 0));
    const found = budget(objective({ ...SLICES, target: 0.8 }), [quiet], []);
    assert.deepEqual([found.verdict, found.account.quiet], ['pass', 5]);
  });

  it('should be open where only slices without traffic leave a budget, or make it one', () => {
    const half = counter(61, (i) => (i <= 30 ? 100 : 0));
    const bad = [counter(61, (i) => (i > 0 && i <= 12 ? 100 : 0))];
    const idle = budget(objective({ ...SLICES, target: 0.7 }), [half], bad);
    assert.equal(idle.verdict, 'inconclusive');
    assert.match(
      idle.reason,
      /^budget is left only because 5 slices without traffic count as good: counting only the 5 slices with traffic, -33/,
    );
    const few = budget(objective({ ...SLICES, target: 0.9 }), [half], []);
    assert.equal(few.verdict, 'inconclusive');
    assert.match(few.reason, /^5 slices with traffic are too few: .*; a target of 90 % needs 10/);
  });

  it('should hold values against a threshold', () => {
    const of = objective({
      ...SLICES,
      target: 0.9,
      indicator: { kind: 'threshold', query: 'p95', op: 'lte', value: 0.5 },
    });
    const points = Array.from({ length: 61 }, (_, i): [number, number | null] => [
      T0 + i * STEP,
      i < 6 ? 0.7 : i < 12 ? null : 0.2,
    ]);
    const at = { fromMs: T0, toMs: T0 + 60 * STEP, stepMs: STEP };
    const grid = gridOf(of, new Map([['p95', [{ labels: {}, points }]]]), at);
    assert.ok(grid);
    const found = budgetOf(of, grid);
    assert.deepEqual([found.account.badBest, found.account.badWorst, found.gaps], [1, 1, []]);
  });
});

describe('burnRates', () => {
  /** A counter that grows by `by(index)` with each step. */
  const growing = (by: (index: number) => number, points: number, stepMs: number): Series[] => {
    let value = 0;
    const found = Array.from({ length: points + 1 }, (_, i): [number, number] => [
      T0 + i * stepMs,
      (value += by(i)),
    ]);
    return [{ labels: {}, points: found }];
  };
  const long = (bad: (ago: number) => number, points: number, stepMs: number) => {
    const at = { fromMs: T0, toMs: T0 + points * stepMs, stepMs };
    const answers = new Map([
      ['total', growing(() => 100, points, stepMs)],
      ['bad', growing((i) => bad(points - i), points, stepMs)],
    ]);
    const grid = gridOf(objective(), answers, at);
    assert.ok(grid);
    return burnRates(objective(), grid);
  };
  const MINUTE = 60_000;

  it('should tell what burns now from what has stopped', () => {
    const month = 30 * 24 * 60;
    const now = long((ago) => (ago < 120 ? 20 : 0), month, MINUTE);
    assert.deepEqual(
      now.map(({ state }) => state),
      ['burning', 'burning', 'quiet'],
    );
    assert.deepEqual(
      now.map(({ long: rate }) => Number(rate?.best.toFixed(1))),
      [20, 6.7, 0.6],
    );
    const over = long((ago) => (ago >= 10 && ago < 60 ? 50 : 0), month, MINUTE);
    const [fastest] = over;
    assert.deepEqual([fastest?.state, fastest?.short?.worst], ['quiet', 0]);
    assert.ok(over.every(({ scale, reason }) => scale === 1 && reason === ''));
  });

  it('should shorten the pairs for a short window, and say which cannot be computed', () => {
    const rates = long(() => 2, 600, 1000);
    assert.ok(rates.every(({ scale }) => scale < 1));
    assert.deepEqual(
      rates.map(({ reason }) => reason === ''),
      [false, false, true],
    );
    assert.match(
      rates[0]?.reason ?? '',
      /a window of 0\.0694 s holds no two points of data that are 1 s apart/,
    );
    near(rates[2]?.longMs ?? 0, 60_000);
    assert.equal(rates[2]?.state, 'burning');
  });
});

it('should not round a share up to the goal', () => {
  assert.equal(percent(0.999996), '99.999 %');
  assert.equal(percent(1), '100 %');
});
