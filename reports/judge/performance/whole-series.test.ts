import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Objective, Series } from '../../record/objective.ts';
import { judge } from '../../../suites/_testing/histories.ts';
import type { Seen } from '../../../suites/_testing/histories.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const SCRAPE_MS = 10_000;
const POINTS = 61;
const TO_MS = T0 + (POINTS - 1) * SCRAPE_MS;
const TOTAL = 'requests_count{job="api"}';
const GOOD = 'requests_bucket{job="api",le="0.5"}';
const UP = 'up{job="api"}';

const OBJECTIVE: Objective = {
  name: 'api',
  title: 'API',
  service: 'api',
  method: 'Occurrences',
  target: 0.9,
  window: { kind: 'run' },
  slice: null,
  status: 'assumed',
  indicator: { kind: 'ratio', counter: true, good: GOOD, bad: null, total: TOTAL },
};

type Counter = (index: number) => number | null;
const growing: Counter = (index) => 1000 + index * 100;
const PODS = ['a', 'b'];

function pointsOf(value: Counter): Series['points'] {
  return Array.from({ length: POINTS }, (_, index): [number, number | null] => [
    T0 + index * SCRAPE_MS,
    value(index),
  ]).filter(([, one]) => one !== null);
}

/** Pod `a` as given, pod `b` as usual. */
interface Told {
  total?: Counter;
  good?: Counter;
  up?: Counter;
  line?: object;
  /** Of the series of pod `a`. */
  labels?: object;
}

function budget({ total = growing, good = growing, up = () => 1, line, labels }: Told = {}) {
  const answer = (
    query: string,
    name: string,
    [of, ordinary]: [Counter, Counter],
    more: object = {},
  ): Seen => {
    const values = PODS.map((pod) => ({
      labels: {
        __name__: name,
        job: 'api',
        instance: pod,
        ...more,
        ...(pod === 'a' && name !== 'up' && labels),
      },
      points: pointsOf(pod === 'a' ? of : ordinary),
    }));
    const at = { fromMs: T0, toMs: TO_MS, endMs: TO_MS, stepSeconds: 10, scrapeSeconds: 10, ...line };
    return ['series', { t: TO_MS - T0, objectives: ['api'], query, ...at, values }];
  };
  return judge({
    check: 'performance/budget',
    settings: {
      objectives: [OBJECTIVE],
      prometheus: { scrapeSeconds: 10 },
      workloads: [{ kind: 'Deployment', namespace: 'x', name: 'api', replicas: { min: 2, max: 2 } }],
    },
    seen: [
      answer(TOTAL, 'requests_count', [total, growing], { route: '/' }),
      answer(GOOD, 'requests_bucket', [good, growing], { route: '/', le: '0.5' }),
      answer(UP, 'up', [up, () => 1]),
    ],
  });
}

const at =
  (place: number, other: number, of: Counter = growing): Counter =>
  (index) =>
    index === place ? other : of(index);

it('should pass where every count of the same requests agrees', () => {
  const judgement = budget();
  assert.equal(judgement.verdict, 'pass', judgement.reason);
});

it('should take a process that begins again for what it is', () => {
  const again: Counter = (index) => (index < 30 ? growing(index) : (index - 29) * 100);
  const judgement = budget({ total: again, good: again });
  assert.equal(judgement.verdict, 'pass', judgement.reason);
});

it('should not believe one sample that no process can have had', () => {
  for (const [told, gap] of [
    [{ total: at(20, 0) }, /of 0 events|fell although its process had not restarted/],
    [{ total: at(20, 30_000) }, /fell although its process had not restarted/],
    [{ total: at(20, -3000) }, /a counter is below 0/],
    [{ good: at(0, 0) }, /the total minus the part falls from 1000 to 0/],
    [{ good: at(60, 70_000) }, /the part has 70000 and the total 7000 events/],
    [{ up: at(20, 10) }, /up is 1000, expected 0 or 1/],
    [{ up: at(20, 0, () => 1) }, /the scrape at .* failed, but a sample of it is recorded/],
  ] as [Told, RegExp][]) {
    const judgement = budget(told);
    assert.equal(judgement.verdict, 'inconclusive', String(gap));
    assert.match(judgement.reason, gap);
  }
});

it('should believe a scrape that failed and brought nothing', () => {
  const missing: Counter = (index) => (index === 20 ? null : growing(index));
  const judgement = budget({ total: missing, good: missing, up: at(20, 0, () => 1) });
  assert.equal(judgement.verdict, 'pass', judgement.reason);
});

it('should want series to be what was asked for, of the window that was asked for', () => {
  for (const [told, gap] of [
    [{ labels: { job: 'other' } }, /a series that the query does not select/],
    [{ labels: { instance: 'c' } }, /belongs to none of the scraped targets/],
    [{ line: { toMs: TO_MS * 10, endMs: TO_MS * 10 } }, /covers time after it was sent/],
    [{ line: { fromMs: 0 } }, /the window of the run lasts/],
    [{ line: { endMs: TO_MS + 1 } }, /the window of the run lasts/],
    [
      { line: { stepSeconds: 100 } },
      /queried in steps of 100 s with a scrape interval of 10 s, expected are steps of 10 s and an interval of 10 s/,
    ],
    [{ line: { fromMs: T0 + 60_000 } }, /outside of the window or out of order/],
  ] as [Told, RegExp][]) {
    const judgement = budget(told);
    assert.equal(judgement.verdict, 'inconclusive', String(gap));
    assert.match(judgement.reason, gap);
  }
});

it('should take no memory for a window that nobody can have asked for', () => {
  const judgement = budget({ line: { fromMs: -TO_MS, stepSeconds: 1e-9, scrapeSeconds: 1e-9 } });
  assert.equal(judgement.verdict, 'inconclusive');
});
