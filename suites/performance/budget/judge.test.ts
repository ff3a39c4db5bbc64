import assert from 'node:assert/strict';
import { it } from 'node:test';
import { goalEntrySchema } from '../../../reports/record/details/load-detail.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Objective } from '../../../reports/record/objective.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import { controls } from './controls.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const POINTS = 61;

const objective = (over: Partial<Objective> = {}): Objective => ({
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
});

function series(query: string, growth: (index: number) => number | null, name = 'api-requests'): Seen {
  let value = 0;
  const points: [number, number][] = [];
  for (let index = 0; index < POINTS; index += 1) {
    const by = growth(index);
    value += by ?? 0;
    if (by !== null) points.push([T0 + index * 10_000, value]);
  }
  const toMs = T0 + (POINTS - 1) * 10_000;
  const at = { fromMs: T0, toMs, endMs: toMs, stepSeconds: 10, scrapeSeconds: 10 };
  const t = toMs - T0;
  return ['series', { t, objectives: [name, 'of-another'], query, ...at, values: [{ labels: {}, points }] }];
}

const budget = (seen: Seen[], objectives: Objective[] = [objective()]) =>
  judge({ check: 'performance/budget', settings: { objectives }, seen });
const total = series('total', () => 100);

it('should pass while a budget is left, with burn rates and those that cannot be computed', () => {
  const judgement = budget([total, series('bad', (i) => Number(i === 20))]);
  assert.equal(judgement.verdict, 'pass');
  assert.match(
    judgement.reason,
    /every objective has error budget left, api-requests the least: 98\.\d+ % of the budget left/,
  );
  const [goal] = judgement.goals ?? [];
  goalEntrySchema.parse(goal);
  assert.deepEqual([goal?.samples, goal?.coverage, goal?.window], [6000, 1, 'the run']);
  const burn = judgement.figures.filter(({ name }) => name.includes('burn rate'));
  assert.equal(burn.length, 3);
  assert.match(String(burn[0]?.value), /^not computed: a window of/);
  assert.match(String(burn[2]?.name), /over 1 min and 5 s \(shortened with the window\)/);
});

it('should say of an objective that passes which bad events its metrics do not have', () => {
  const unseen = objective({ unseen: 'requests that reach no server' });
  const judgement = budget([total, series('bad', () => 0)], [unseen]);
  assert.equal(judgement.verdict, 'pass');
  assert.match(judgement.seen, /^api-requests: .*; not counted: requests that reach no server$/);
  assert.equal(judgement.goals?.[0]?.note, 'not counted: requests that reach no server');
});

it('should judge a window by the clock of Prometheus, wherever that was measured to be', () => {
  const aheadMs = 300_000;
  const moved = ([kind, seen]: Seen): Seen => {
    const { fromMs, toMs, endMs, values } = seen as unknown as Record<'fromMs' | 'toMs' | 'endMs', number> & {
      values: { labels: object; points: [number, number][] }[];
    };
    const points = (of: [number, number][]) => of.map(([t, value]) => [t + aheadMs, value]);
    const at = { fromMs: fromMs + aheadMs, toMs: toMs + aheadMs, endMs: endMs + aheadMs };
    return [kind, { ...seen, ...at, values: values.map((one) => ({ ...one, points: points(one.points) })) }];
  };
  const counted = [moved(total), moved(series('bad', (i) => Number(i === 20)))];
  const clock = (askedMs: number): Seen => [
    'clock-offset',
    { t: 0, source: 'Prometheus', askedMs, saidMs: T0 + aheadMs, precision: 'ms' },
  ];
  assert.equal(budget([clock(T0), ...counted]).verdict, 'pass');
  assert.match(budget(counted).reason, /a query covers time after it was sent/);
  const impossible = budget([clock(T0 - 3_600_000), ...counted]);
  assert.equal(impossible.verdict, 'inconclusive');
  assert.match(impossible.reason, /the clock of Prometheus/);
});

it('should fail when it is overspent, and show how far', () => {
  const judgement = budget([total, series('bad', (i) => (i > 0 ? 3 : 0))]);
  assert.equal(judgement.verdict, 'fail');
  assert.equal(judgement.reason, 'api-requests: 3 times the budget spent');
  assert.ok(Math.abs((judgement.goals?.[0]?.remaining?.worst ?? 0) + 2) < 1e-6);
});

it('should prove by its control that the budget of api-requests is spent, and of no other objective', () => {
  const spent = controls.find(({ id }) => id === 'performance/budget/spent')?.expectSeen ?? assert.fail();
  const caught = ({ reason, seen, findings }: Judgement): boolean =>
    [reason, seen, ...findings.map((one) => `${one.subject}: ${one.seen}`)].some((text) => spent.test(text));
  const indicator = { kind: 'ratio', counter: true, good: null, bad: 'bad', total: 'others' } as const;
  const other = objective({ name: 'others', indicator });
  const bad = (i: number): number => (i > 0 ? 3 : 0);
  const ofOther = [series('others', () => 100, 'others'), series('bad', bad, 'others')];
  const both = (...own: Seen[]): Judgement =>
    budget([series('bad', bad), ...own, ...ofOther], [objective(), other]);
  assert.equal(caught(budget([total, series('bad', bad)])), true);
  const [late, whole] = [both(), both(total)];
  assert.deepEqual([late.verdict, caught(late)], ['fail', false], late.reason);
  assert.deepEqual([whole.verdict, caught(whole)], ['fail', true], whole.reason);
});

it('should be open for a gap in the series, naming it', () => {
  const judgement = budget([series('total', (i) => (i > 20 && i < 30 ? null : 100)), series('bad', () => 0)]);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(
    judgement.reason,
    /^api-requests: between .* no data from 2026-01-01 00:03:20 to 2026-01-01 00:05:00/,
  );
  assert.equal(judgement.findings[0]?.subject, 'api-requests');
});

it('should count only what was seen as achieved, with bounds for the rest, and say for how long it looked', () => {
  const rolling = objective({ window: { kind: 'rolling', ms: 86_400_000 } });
  const { goals, figures } = budget([total, series('bad', (i) => Number(i === 20))], [rolling]);
  const goal = goalEntrySchema.parse(goals?.[0]);
  assert.deepEqual([goal.samples, goal.achieved, goal.upper], [6000, 99.9833, 99.9999]);
  assert.ok(Number(goal.lower) < 1 && Number(goal.coverage) < 0.01);
  assert.equal(goal.observedMs, 600_000);
  assert.equal(figures.find(({ name }) => name === 'api-requests: events seen')?.value, 6000);
});

it('should round what is good down and its upper bound up', () => {
  const [goal] = budget([series('total', () => 300), series('bad', (i) => Number(i === 20))]).goals ?? [];
  // 17,999 of 18,000 are 99.994444 %, and nothing was missed.
  assert.deepEqual([goal?.achieved, goal?.lower, goal?.upper], [99.9944, 99.9944, 99.9945]);
  const [two] = budget([series('total', () => 300), series('bad', (i) => 2 * Number(i === 20))]).goals ?? [];
  // 99.988889 %.
  assert.deepEqual([two?.achieved, two?.lower, two?.upper], [99.9888, 99.9888, 99.9889]);
});

it('should count the slices that were seen as a whole', () => {
  const slice = { target: 0.95, ms: 60_000 };
  const sliced = objective({
    method: 'Timeslices' as const,
    slice,
    window: { kind: 'rolling' as const, ms: 86_400_000 },
  });
  const [goal] = budget([total, series('bad', (i) => (i === 20 ? 50 : 0))], [sliced]).goals ?? [];
  assert.deepEqual([goal?.samples, goal?.achieved, goal?.sampleKind], [10, 90, 'slices']);
  // Of the bad slice a part is missing: it is bad whatever happened then.
  const cut = (i: number): number | null => (i === 19 ? null : 100);
  const [partly] =
    budget([series('total', cut), series('bad', (i) => (i === 20 ? 80 : 0))], [sliced]).goals ?? [];
  assert.deepEqual([partly?.samples, partly?.achieved], [10, 90]);
});

it('should take what a rolling window did not cover for a gap', () => {
  const rolling = objective({ window: { kind: 'rolling', ms: 86_400_000 } });
  assert.match(
    budget([total, series('bad', () => 0)], [rolling]).reason,
    /0\.69\d % of the window is covered/,
  );
});

it('should let a failed objective speak before an open one', () => {
  const other = objective({ name: 'other' });
  const judgement = budget([total, series('bad', () => 9)], [other, objective()]);
  assert.equal(judgement.verdict, 'fail');
  assert.equal(judgement.goals?.[0]?.verdict, 'inconclusive');
});

it('should be open without objectives, series, a query of two, or Prometheus', () => {
  for (const [seen, objectives, reason] of [
    [[], [], /names no objectives/],
    [[], [objective()], /no series was recorded/],
    [[total], [objective()], /one of its queries was not recorded/],
    [
      [['unavailable', { what: 'Prometheus', reason: 'refused' }]],
      [objective()],
      /Prometheus unavailable: refused/,
    ],
  ] as [Seen[], Objective[], RegExp][]) {
    const judgement = budget(seen, objectives);
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, reason);
  }
});

it('should be open where the objectives cannot be read', () => {
  const damaged = judge({ check: 'performance/budget', settings: { objectives: [{ name: 1 }] }, seen: [] });
  assert.match(damaged.reason, /cannot be read/);
});

it('should join the parts of a long query', () => {
  const [, all] = total;
  const [whole] = (all?.['values'] ?? []) as { labels: object; points: [number, number][] }[];
  const part = (from: number, to: number): Seen => [
    'series',
    { ...all, values: [{ labels: {}, points: whole?.points.slice(from, to) }] },
  ];
  const judgement = budget([part(0, 31), part(30, POINTS), series('bad', () => 0)]);
  assert.deepEqual([judgement.verdict, judgement.goals?.[0]?.samples], ['pass', 6000]);
});

it('should not take the end of a query that was cut off for events that did not happen', () => {
  const [, all] = total;
  const good = objective({
    indicator: { kind: 'ratio', counter: true, good: 'good', bad: null, total: 'total' },
  });
  const [, whole] = series('good', () => 100);
  const [values] = (whole?.['values'] ?? []) as { points: unknown[] }[];
  const cut = { ...whole, toMs: T0 + 300_000, values: [{ labels: {}, points: values?.points.slice(0, 31) }] };
  const judgement = budget(
    [
      ['series', all],
      ['series', cut],
    ],
    [good],
  );
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /the answer to good was recorded only for a part of the window/);
});

it('should be open where a bad query asks for a label that the total does not have', () => {
  const query = 'requests{status=~"5.."}';
  const indicator = { kind: 'ratio', counter: true, good: null, bad: query, total: 'requests' } as const;
  const nothing: Seen = ['series', { ...series(query, () => 0)[1], values: [] }];
  const judgement = budget([series('requests', () => 100), nothing], [objective({ indicator })]);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /selects by the label status/);
});

it('should demand that it was recorded which targets answered, where they can be told', () => {
  const query = 'requests{job="api"}';
  const indicator = { kind: 'ratio', counter: true, good: null, bad: 'bad', total: query } as const;
  const seen = [series(query, () => 100), series('bad', () => 0)];
  assert.match(budget(seen, [objective({ indicator })]).reason, /one of its queries was not recorded/);
  const up = series('up{job="api"}', (i) => Number(i === 0));
  assert.equal(budget([...seen, up], [objective({ indicator })]).verdict, 'pass');
});

it('should read the distance of scrapes beside that of the samples', () => {
  const thinned = (stepSeconds: number, scrapeSeconds: number): Seen[] => {
    const of = (seen: Seen): Seen => ['series', { ...seen[1], stepSeconds, scrapeSeconds }];
    return [
      of(series('total', (i) => (i % 3 === 0 && (i < 20 || i > 23) ? 300 : null))),
      of(series('bad', () => 0)),
    ];
  };
  assert.match(budget(thinned(30, 10)).reason, /no data from .* \(60 s\)/);
});

it('should show no share of nothing where no event was counted', () => {
  const judgement = budget([series('total', () => 0), series('bad', () => 0)]);
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /no event was counted/);
  const { achieved, remaining } = judgement.goals?.[0] ?? {};
  assert.deepEqual([achieved, remaining], [null, null]);
  assert.deepEqual(
    judgement.figures.map(({ name }) => name).filter((name) => /: (good|budget left)$/.test(name)),
    [],
  );
});
