import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objective, Series } from '../../../record/objective.ts';
import { accountOf, eventsOf } from '../account.ts';
import { budgetOf } from '../budget.ts';
import { gridOf } from './series.ts';
import type { Grid } from './series.ts';
import type { At } from './span.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const SCRAPE = 5000;
const TOTAL = 'requests{job="api"}';
const BAD = 'requests{job="api",status=~"5.."}';
const UP = 'up{job="api"}';

const OBJECTIVE: Objective = {
  name: 'api-requests',
  title: 'API requests',
  service: 'api',
  method: 'Occurrences',
  target: 0.99,
  window: { kind: 'run' },
  slice: null,
  indicator: { kind: 'ratio', counter: true, good: null, bad: BAD, total: TOTAL },
  status: 'assumed',
};

/** Samples of scrapes `from` to `to` of a pod that is scraped `offsetMs` after the full five seconds; null: none. */
function samples(
  pod: string,
  value: (index: number) => number | null,
  of: { from?: number; to?: number; offsetMs?: number; labels?: Record<string, string> } = {},
): Series {
  const { from = 0, to = 60, offsetMs = 0, labels = {} } = of;
  const points = Array.from({ length: to - from + 1 }, (_, i): [number, number | null] => [
    T0 + (from + i) * SCRAPE + offsetMs,
    value(from + i),
  ]);
  return { labels: { job: 'api', pod, ...labels }, points: points.filter(([, one]) => one !== null) };
}

function grid(total: Series[], more: { bad?: Series[]; up?: Series[]; at?: Partial<At> } = {}): Grid {
  const at = { fromMs: T0, toMs: T0 + 60 * SCRAPE, stepMs: SCRAPE, ...more.at };
  const answers = new Map([
    [TOTAL, total],
    [BAD, more.bad ?? []],
    ...(more.up === undefined ? [] : [[UP, more.up] as const]),
  ]);
  const found = gridOf(OBJECTIVE, answers, at);
  assert.ok(found);
  return found;
}

const near = (actual: number, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
const alive = (pod: string, of: Parameters<typeof samples>[2] = {}): Series => samples(pod, () => 1, of);
const seconds = (found: Grid): [number, number, number][] =>
  found.gaps.map(({ fromMs, toMs, share }) => [(fromMs - T0) / 1000, (toMs - T0) / 1000, share]);

describe('where counting begins', () => {
  const at = { toMs: T0 + 61 * SCRAPE };
  const old = (pod: string, offsetMs: number) => samples(pod, (i) => 1_000_000 + i, { offsetMs });

  it('should go on with the counters of a process whose labels were changed, and begin at 0 with those of another', () => {
    const instance = '10.0.0.1:8080';
    const before = { to: 30, labels: { instance } };
    const after = { from: 31, labels: { instance, team: 'shop' } };
    const totals = (began: number): Series[] => [
      samples('a', (i) => 1_000_000 + i, before),
      samples('a', (i) => began + i, after),
    ];
    for (const up of [undefined, [alive('a', before), alive('a', after)]]) {
      const more = up === undefined ? {} : { up };
      const same = grid(totals(1_000_000), more);
      near(eventsOf(same, same).total, 60);
      assert.equal(same.resets, 0);
      // A process that was started at the same address has counted from 0.
      const other = grid(totals(-30), more);
      near(eventsOf(other, other).total, 60);
      assert.equal(other.resets, 1);
    }
    const bad = [samples('a', (i) => i - 30, after)];
    const found = grid(totals(1_000_000), { bad, up: [alive('a', before), alive('a', after)] });
    near(accountOf(OBJECTIVE, found, found).badBest, 30);
  });

  it('should not count what pods had counted before, each being scraped at a moment of its own', () => {
    const pods = [old('a', 500), old('b', 2100)];
    const alone = grid(pods, { at });
    near(eventsOf(alone, alone).total, 120);
    const up = [alive('a', { offsetMs: 500 }), alive('b', { offsetMs: 2100 })];
    const found = grid(pods, { up, at });
    near(eventsOf(found, found).total, 120);
    assert.deepEqual(found.gaps, []);
  });

  it('should count the first error of a pod that was read before, and all of a pod that is new', () => {
    const bad = [samples('b', () => 7, { from: 30, offsetMs: 2100, labels: { status: '503' } })];
    const late = samples('c', (i) => (i - 19) * 10, { from: 20, to: 22 });
    const pods = [old('a', 500), old('b', 2100), late];
    const up = [
      alive('a', { offsetMs: 500 }),
      alive('b', { offsetMs: 2100 }),
      // It was known, and not yet up, before it was read.
      samples('c', (i) => Number(i >= 20), { from: 18, to: 22 }),
    ];
    for (const more of [{}, { up }]) {
      const found = grid([...pods, ...bad], { bad, at, ...more });
      const { total, badBest } = eventsOf(found, found);
      near(total, 157);
      near(badBest, 7);
      assert.deepEqual(found.gaps, []);
    }
  });

  it('should not count what pods had counted before where they are scraped more rarely than declared', () => {
    const minute = 60_000;
    const scraped = (
      pod: string,
      of: { offsetMs: number; value: number; labels?: Record<string, string> },
    ): Series => ({
      labels: { job: 'api', pod, ...of.labels },
      points: Array.from({ length: 30 }, (_, i): [number, number] => [
        T0 + i * minute + of.offsetMs,
        of.value + i,
      ]),
    });
    const pods = [
      scraped('a', { offsetMs: 0, value: 1_000_000 }),
      scraped('b', { offsetMs: 45_000, value: 900_000 }),
    ];
    const bad = [scraped('b', { offsetMs: 45_000, value: 400_000, labels: { status: '503' } })];
    const up = pods.map((one) => ({ ...one, points: one.points.map(([t]): [number, number] => [t, 1]) }));
    // Declared are 15 s. A window of more than a day is thinned out to a sample a minute; one without up shows the interval by its samples alone.
    for (const [stepMs, ups] of [
      [minute, up],
      [minute, undefined],
      [15_000, up],
      [15_000, undefined],
    ] as const) {
      const at = { toMs: T0 + 30 * minute, stepMs, scrapeMs: 15_000 };
      const found = grid(pods, { bad, at, ...(ups && { up: ups }) });
      const { total } = eventsOf(found, found);
      const seen = found.bad.reduce((sum, one) => sum + one, 0);
      assert.ok(total < 100, `${total} events`);
      assert.ok(seen < 40, `${seen} bad events`);
    }
  });

  it('should count the first error of a series that has labels of its own where its target has others', () => {
    const address = { instance: '10.0.0.7:8100' };
    const target = { ...address, namespace: 'kong', service: 'kong-proxy', container: 'proxy' };
    const up = [
      alive('k', { labels: target }),
      alive('l', { labels: { ...target, instance: '10.0.0.8:8100' } }),
    ];
    for (const own of [
      // honorLabels: the service behind the gateway.
      { ...target, service: 'orders', namespace: 'shop' },
      // metricRelabelings that drop labels.
      address,
    ]) {
      const total = samples('k', (i) => 1_000_000 + i * 1000, { labels: { ...own, code: '200' } });
      const bad = [samples('k', () => 50_000, { from: 30, labels: { ...own, code: '503' } })];
      const found = grid([total, ...bad], { bad, up });
      near(eventsOf(found, found).badBest, 50_000);
      assert.deepEqual(found.gaps, []);
    }
  });

  it('should tell the counters of one target apart by labels that its up has as well', () => {
    const instance = '10.0.0.7:8100';
    const before = { instance, service: 'kong-proxy' };
    const up = [
      alive('k', { to: 30, labels: before }),
      alive('k', { from: 31, labels: { ...before, team: 'a' } }),
    ];
    const of = (service: string, value: number): Series[] => [
      samples('k', (i) => value + i, { to: 30, labels: { instance, service } }),
      samples('k', (i) => value + i, { from: 31, labels: { instance, service, team: 'a' } }),
    ];
    const found = grid([...of('orders', 1_000_000), ...of('users', 10)], { up });
    near(eventsOf(found, found).total, 120);
    assert.equal(found.resets, 0);
  });

  it('should not take a pod that was down when the window began for a new one', () => {
    const back = samples('b', (i) => 1_000_000 + i, { from: 30 });
    const up = [alive('a'), samples('b', (i) => Number(i >= 30))];
    const found = grid([old('a', 0), back], { up });
    near(eventsOf(found, { ...found, fromMs: T0 + 30 * SCRAPE }).total, 60);
    assert.deepEqual(seconds(found), [[0, 150, 0.5]]);
  });
});

describe('the grid', () => {
  it('should hold the events of a last step that is shorter than the others', () => {
    const total = samples('a', (i) => i * 100, { to: 10 });
    total.points.push([T0 + 10 * SCRAPE + 2000, 1040]);
    const found = grid([total], { at: { toMs: T0 + 10 * SCRAPE + 2000 } });
    near(eventsOf(found, found).total, 1040);
    near(eventsOf(found, { ...found, fromMs: T0 + 10 * SCRAPE }).total, 40);
  });

  it('should see a gap of a few scrapes in samples that were thinned out', () => {
    const total = samples('a', (i) => i);
    total.points = total.points.filter(([t]) => t <= T0 + 120_000 || t >= T0 + 180_000);
    total.points = total.points.filter(([t]) => (t - T0) % 30_000 === 0);
    const found = grid([total], { at: { stepMs: 30_000, scrapeMs: SCRAPE } });
    assert.deepEqual(seconds(found), [[120, 180, 1]]);
  });
});

describe('who was not seen', () => {
  const pods = [samples('a', (i) => i * 10), samples('b', (i) => (i > 20 && i < 40 ? null : i * 10))];

  it('should take a pod that does not answer for a gap of its share', () => {
    const up = [alive('a'), samples('b', (i) => Number(i <= 20 || i >= 40))];
    const found = grid(pods, { up });
    assert.deepEqual(seconds(found), [[100, 200, 0.5]]);
    const { total, badBest, badWorst, coverage } = eventsOf(found, found);
    near(total, 1200);
    near(coverage, 1 - 50 / 300);
    // What it counted meanwhile may all have been bad.
    assert.deepEqual([badBest, Math.round(badWorst)], [0, 200]);
    const { seenEvents, observedMs } = budgetOf(OBJECTIVE, found);
    near(seenEvents, 1000);
    assert.equal(observedMs, null, 'no length of time was observed');
  });

  it('should do so for one that was down until it vanished, not for one that was taken away', () => {
    const gone = samples('b', (i) => i * 10, { to: 20 });
    const down = samples('b', (i) => Number(i <= 20), { to: 40 });
    assert.deepEqual(seconds(grid([samples('a', (i) => i), gone], { up: [alive('a'), down] })), [
      [100, 200, 0.5],
    ]);
    const removed = alive('b', { to: 20 });
    assert.deepEqual(seconds(grid([samples('a', (i) => i), gone], { up: [alive('a'), removed] })), []);
  });

  it('should go by the interval at which targets are really scraped, where the declared one is shorter', () => {
    // A ServiceMonitor with an interval of its own: 60 s in place of 5.
    const slow = (pod: string, value: (index: number) => number): Series => {
      const { labels, points } = samples(pod, value, { to: 360 });
      return { labels, points: points.filter(([t]) => (t - T0) % 60_000 === 0) };
    };
    const at = { toMs: T0 + 360 * SCRAPE };
    const total = [slow('a', (i) => i * 10), slow('b', (i) => (i < 180 ? i * 10 : (i - 180) * 10))];
    const found = grid(total, { up: [slow('a', () => 1), slow('b', () => 1)], at });
    assert.deepEqual(found.gaps, []);
    assert.equal(found.resets, 1, 'a restart between two scrapes');
    near(eventsOf(found, found).coverage, 1);
    // What is missing at that interval is a gap all the same.
    const absent = (one: Series): Series => ({
      ...one,
      points: one.points.filter(([t]) => t <= T0 + 600_000 || t >= T0 + 1_200_000),
    });
    const lost = grid(total.map(absent), {
      up: [absent(slow('a', () => 1)), absent(slow('b', () => 1))],
      at,
    });
    assert.deepEqual(seconds(lost), [[600, 1200, 1]]);
  });

  it('should bear a single failed scrape, and call no pod at all a gap of everything', () => {
    const up = [alive('a'), samples('b', (i) => Number(i !== 30))];
    assert.deepEqual(grid(pods.slice(0, 1), { up }).gaps, []);
    const restarted = [alive('a', { to: 20 }), alive('b', { from: 40 })];
    assert.deepEqual(seconds(grid([], { up: restarted })), [[100, 200, 1]]);
  });

  it('should know that nothing happened where pods were read and had counted nothing', () => {
    const found = grid([], { up: [alive('a')] });
    assert.deepEqual([found.gaps, eventsOf(found, found).coverage], [[], 1]);
  });

  it('should make a point of a query unknown by the share that was not seen', () => {
    const of: Objective = {
      ...OBJECTIVE,
      method: 'Timeslices',
      slice: { target: 1, ms: 60_000 },
      indicator: { kind: 'threshold', query: 'sum(rate(requests{job="api"}[1m]))', op: 'gte', value: 1 },
    };
    const answers = new Map([
      [(of.indicator as { query: string }).query, [samples('', () => 5)]],
      [UP, [alive('a'), samples('b', (i) => Number(i <= 20 || i >= 40))]],
    ]);
    const found = gridOf(of, answers, { fromMs: T0, toMs: T0 + 60 * SCRAPE, stepMs: SCRAPE });
    assert.ok(found);
    const { badBest, badWorst } = accountOf(of, found, found);
    // 100 s from the second minute to the fourth.
    assert.deepEqual([badBest, badWorst], [0, 3]);
  });
});
