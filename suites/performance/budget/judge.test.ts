import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  askingOf,
  guardQueries,
  questionsOf,
  windowQueries,
} from '../../../reports/judge/performance/budget-queries.ts';
import type { GuardQueries, WindowQueries } from '../../../reports/judge/performance/budget-queries.ts';
import { goalEntrySchema } from '../../../reports/record/details/load-detail.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import type { Objective } from '../../../reports/record/telemetry/objective.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import { controls } from './controls.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const WINDOW_MS = 3_600_000;
const TO_MS = T0 + WINDOW_MS;
const SCRAPE_MS = 10_000;

const objective = (over: Partial<Objective> = {}): Objective => ({
  name: 'api-requests',
  title: 'API requests',
  service: 'tender-api',
  method: 'Occurrences',
  target: 0.99,
  window: { kind: 'run' },
  slice: null,
  indicator: {
    kind: 'ratio',
    counter: true,
    good: null,
    bad: 'requests{job="api",status=~"5.."}',
    total: 'requests{job="api"}',
  },
  status: 'assumed',
  stated: 'environment file',
  ...over,
});

type Values = Partial<Record<keyof WindowQueries, number | null>> & {
  guards?: Partial<Record<keyof GuardQueries, number | null>>;
};

const SOUND = { total: 6000, part: 0, coverage: 1, before: 1, whole: 60, busy: 60 };
const FOUND = { total: 3, part: 1, labelled: 3 };

/** What Prometheus says of an objective: the same values for each of its windows. */
function answered(of: Objective, { guards, ...values }: Values = {}): Seen[] {
  const asking = askingOf(of, {}, SCRAPE_MS);
  const known = new Map<string | null, number | null>();
  const learn = <Q extends object>(queries: Q, numbers: Partial<Record<keyof Q, number | null>>): void => {
    for (const [name, query] of Object.entries(queries) as [keyof Q, string | null][])
      known.set(query, numbers[name] ?? null);
  };
  // The short and the long window of the pair that an hour has.
  for (const ms of [WINDOW_MS, WINDOW_MS / 10, WINDOW_MS / 120])
    learn(windowQueries(of, ms, asking), { ...SOUND, ...values });
  learn(guardQueries(of, WINDOW_MS, SCRAPE_MS), { ...FOUND, ...guards });
  return [
    ['budget-window', { objective: of.name, fromMs: T0, toMs: TO_MS, scrapeSeconds: 10 }],
    ...questionsOf(of, WINDOW_MS, asking).map((query): Seen => [
      'metric-answer',
      { query, atMs: TO_MS, value: known.get(query) ?? null },
    ]),
  ];
}

const budget = (seen: Seen[], objectives: Objective[] = [objective()]): Judgement =>
  judge({ check: 'performance/budget', settings: { objectives }, seen });
const judged = (values: Values, of = objective()): Judgement => budget(answered(of, values), [of]);

it('should pass while a budget is left, with burn rates and those that cannot be computed', () => {
  const judgement = judged({ part: 15 });
  assert.equal(judgement.verdict, 'pass', judgement.reason);
  assert.match(
    judgement.reason,
    /every objective has error budget left, api-requests the least: 75 % of the budget left/,
  );
  const [goal] = judgement.goals ?? [];
  goalEntrySchema.parse(goal);
  assert.deepEqual([goal?.samples, goal?.coverage, goal?.window], [6000, 1, 'the run']);
  assert.equal(goal?.observedMs, WINDOW_MS);
  const burn = judgement.figures.filter(({ name }) => name.includes('burn rate'));
  assert.equal(burn.length, 3);
  assert.match(String(burn[0]?.value), /^not computed: a window of/);
  assert.match(String(burn[2]?.name), /over 6 min and 30 s \(shortened with the window\)/);
  assert.equal(burn[2]?.value, '0.25 × and 0.25 ×: quiet');
});

it('should say of an objective that passes which bad events its metrics do not have', () => {
  const judgement = judged({}, objective({ unseen: 'requests that reach no server' }));
  assert.equal(judgement.verdict, 'pass');
  assert.match(judgement.seen, /^api-requests: .*; not counted: requests that reach no server; /);
  assert.match(
    judgement.goals?.[0]?.note ?? '',
    /^not counted: requests that reach no server; tender-api is no/,
  );
});

it('should fail when it is overspent, and show how far', () => {
  const judgement = judged({ part: 180 });
  assert.equal(judgement.verdict, 'fail');
  assert.equal(judgement.reason, 'api-requests: 3 times the budget spent');
  assert.ok(Math.abs((judgement.goals?.[0]?.remaining?.worst ?? 0) + 2) < 1e-6);
});

it('should prove by its controls that the budget of api-requests is spent, and of no other objective, or not known', () => {
  const caught = (id: string, { reason, seen, findings }: Judgement): boolean => {
    const expected = controls.find((one) => one.id === `performance/budget/${id}`)?.seen;
    assert.ok(expected);
    return [reason, seen, ...findings.map((one) => `${one.subject}: ${one.seen}`)].some((text) =>
      expected.test(text),
    );
  };
  const indicator = { kind: 'ratio', counter: true, good: null, bad: 'bad', total: 'others' } as const;
  const other = objective({ name: 'others', indicator });
  const both = budget([...answered(objective()), ...answered(other, { part: 180 })], [objective(), other]);
  assert.equal(caught('spent', judged({ part: 180 })), true);
  assert.equal(caught('spent', both), false);
  for (const values of [{ coverage: 0.4 }, { coverage: 0.4, total: 0 }, { coverage: 0 }]) {
    const lost = judged(values);
    assert.deepEqual([lost.verdict, caught('gap', lost)], ['inconclusive', true], lost.reason);
  }
  assert.equal(caught('gap', judged({})), false);
});

it('should be open where a part of the window was not observed, and say for how long it looked', () => {
  const judgement = judged({ coverage: 0.9 });
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /^api-requests: between .* 90 % of the window was observed$/);
  assert.equal(judgement.findings[0]?.subject, 'api-requests');
  const goal = goalEntrySchema.parse(judgement.goals?.[0]);
  assert.deepEqual([goal.samples, goal.achieved, goal.observedMs], [6000, 100, 0.9 * WINDOW_MS]);
});

it('should round what is good down and its upper bound up', () => {
  // 17,999 of 18,000 are 99.994444 %, and nothing was missed.
  const [goal] = judged({ total: 18_000, part: 1 }).goals ?? [];
  assert.deepEqual([goal?.achieved, goal?.lower, goal?.upper], [99.9944, 99.9944, 99.9945]);
});

it('should count slices', () => {
  const sliced = objective({ method: 'Timeslices', slice: { target: 0.95, ms: 60_000 }, target: 0.9 });
  const [goal] = judged({ total: 60, part: 3 }, sliced).goals ?? [];
  assert.deepEqual(
    [goal?.verdict, goal?.samples, goal?.achieved, goal?.sampleKind],
    ['pass', 60, 95, 'slices'],
  );
});

it('should let a failed objective speak before an open one', () => {
  const other = objective({ name: 'other' });
  const judgement = budget(answered(objective(), { part: 600 }), [other, objective()]);
  assert.equal(judgement.verdict, 'fail');
  assert.equal(judgement.goals?.[0]?.verdict, 'inconclusive');
});

it('should be open without objectives, an answer, or Prometheus', () => {
  const sound = answered(objective());
  for (const [seen, objectives, reason] of [
    [[], [], /names no objectives/],
    [[], [objective()], /Prometheus was not asked for it/],
    [sound.slice(0, -1), [objective()], /every objective has error budget left/],
    [sound.filter((_, i) => i !== 1), [objective()], /no answer was recorded to count\(/],
    [[...sound, ...sound], [objective()], /its window is not valid/],
    [
      [['unavailable', { what: 'Prometheus', reason: 'refused' }]],
      [objective()],
      /Prometheus unavailable: refused/,
    ],
  ] as [Seen[], Objective[], RegExp][]) {
    const { verdict, reason: found } = budget(seen, objectives);
    assert.match(found, reason);
    if (!found.startsWith('every')) assert.equal(verdict, 'inconclusive');
  }
});

it('should be open where Prometheus refused a query or warned of its answer, and where it answered for another moment', () => {
  const changed = (change: object): Judgement =>
    budget(
      answered(objective()).map(([kind, seen], i): Seen => [kind, i === 1 ? { ...seen, ...change } : seen]),
    );
  assert.match(changed({ refused: 'query timed out' }).reason, /^api-requests: query timed out$/);
  assert.match(changed({ atMs: TO_MS - 1 }).reason, /no answer was recorded/);
});

it('should be open where the objectives cannot be read', () => {
  const damaged = judge({ check: 'performance/budget', settings: { objectives: [{ name: 1 }] }, seen: [] });
  assert.match(damaged.reason, /cannot be read/);
});

it('should be open where a query finds nothing, whatever its sums say', () => {
  const good = objective({
    indicator: {
      kind: 'ratio',
      counter: true,
      good: 'seconds_bucket{le="0.5"}',
      bad: null,
      total: 'seconds_count',
    },
  });
  const threshold = objective({ indicator: { kind: 'threshold', query: 'up', op: 'gte', value: 1 } });
  for (const [of, guards, reason] of [
    [objective(), { total: 0 }, /total matched 0 series: requests\{job="api"\}$/],
    [objective(), { part: 0, labelled: 0 }, /bad matched 0 series, and no series has labels like/],
    [objective(), { part: null, labelled: null }, /bad matched 0 series/],
    [good, { part: 0 }, /good matched 0 series: seconds_bucket/],
    [good, { part: 2, unbounded: 1 }, /good matched no series of this boundary for 1 series of total/],
    [threshold, { total: null }, /its query matched 0 series: up$/],
  ] as const) {
    const { verdict, reason: found } = judged({ part: of === good ? 6000 : 0, guards }, of);
    assert.equal(verdict, 'inconclusive');
    assert.match(found, reason);
  }
  // No series of errors is what a service without errors has, if others show that it would be found.
  assert.equal(judged({ part: null, guards: { part: 0, labelled: 3 } }).verdict, 'pass');
});

it('false verdict 6: should not trust a query for numbers where failures are written in words', () => {
  const total = 'requests{job="api"}';
  const of = (bad: string): Objective =>
    objective({ indicator: { kind: 'ratio', counter: true, good: null, bad, total } });
  const alike = (bad: string): string | null => guardQueries(of(bad), WINDOW_MS, SCRAPE_MS).labelled;
  const counted = (selector: string): string => `count(count_over_time(${selector}[3600s]))`;
  // A service that writes status="error" has no series like these.
  assert.equal(alike('requests{job="api",status=~"5.."}'), counted('requests{job="api",status=~"[0-9].."}'));
  assert.equal(
    alike('requests{job="api",status="503"}'),
    counted('requests{job="api",status=~"[0-9][0-9][0-9]"}'),
  );
  const bad = 'requests{job="api",status="error"}';
  assert.equal(alike(bad), counted('requests{job="api",status=~".+"}'));
  const unlabelled = judged({ part: null, guards: { part: 0, labelled: null } });
  assert.equal(unlabelled.verdict, 'inconclusive');
  assert.match(unlabelled.reason, /no series has labels like those that it asks for: .*status=~"5\.\."/);
  assert.equal(judged({ part: 3000 }, of(bad)).verdict, 'fail', 'half of all fail');
});

it('should show no share of nothing where no event was counted', () => {
  const judgement = judged({ total: 0 });
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /no event was counted/);
  const { achieved, remaining } = judgement.goals?.[0] ?? {};
  assert.deepEqual([achieved, remaining], [null, null]);
  assert.deepEqual(
    judgement.figures.map(({ name }) => name).filter((name) => /: (good|budget left)$/.test(name)),
    [],
  );
});
