/** How many targets must have been known, where the least number of pods changes within a long window. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../../../suites/_testing/histories.ts';
import type { Seen } from '../../../suites/_testing/histories.ts';
import type { Objective, Series } from '../../record/objective.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.parse('2026-01-01T00:00:00Z');
const HOURS = 720;
const TO_MS = T0 + HOURS * HOUR_MS;

const TOTAL = 'requests_total{job="api",namespace="shop"}';
const BAD = 'requests_total{job="api",namespace="shop",status=~"5.."}';
const OBJECTIVE: Objective = {
  name: 'orders',
  title: 'Orders',
  service: 'orders',
  method: 'Occurrences',
  target: 0.999,
  window: { kind: 'run' },
  slice: null,
  status: 'assumed',
  indicator: { kind: 'ratio', counter: true, total: TOTAL, good: null, bad: BAD },
};

/** Thirty days of a service that has at least three pods. @param there whether a pod is scraped in an hour */
function judged(there: (pod: number, hour: number) => boolean, nameless: readonly number[] = []) {
  const series = (metric: string, value: (hour: number) => number, more: Series['labels'] = {}): Series[] =>
    [0, 1, 2].map((pod) => ({
      labels: { __name__: metric, job: 'api', namespace: 'shop', instance: `10.0.0.${pod}:80`, ...more },
      points: Array.from({ length: HOURS + 1 }, (_, hour): [number, number] => [
        T0 + hour * HOUR_MS,
        value(hour),
      ]).filter((_, hour) => there(pod, hour)),
    }));
  const answer = (query: string, values: Series[]): Seen => [
    'series',
    {
      t: TO_MS - T0,
      objectives: ['orders'],
      query,
      values: values.filter(({ points }) => points.length > 0),
      fromMs: T0,
      toMs: TO_MS,
      endMs: TO_MS,
      stepSeconds: 3600,
      scrapeSeconds: 3600,
    },
  ];
  const { verdict, reason, seen } = judge({
    check: 'performance/budget',
    settings: {
      objectives: [OBJECTIVE],
      prometheus: { scrapeSeconds: 3600 },
      workloads: [{ kind: 'Deployment', namespace: 'shop', name: 'orders', replicas: { min: 3, max: 5 } }],
    },
    seen: [
      answer(
        TOTAL,
        series('requests_total', (hour) => hour * 1000, { status: '200' }),
      ),
      answer(BAD, []),
      answer(
        'up{job="api",namespace="shop"}',
        series('up', () => 1).map((one, pod) => (nameless.includes(pod) ? { ...one, labels: {} } : one)),
      ),
    ],
  });
  return { verdict, reason, seen };
}

describe('how many targets were known', () => {
  it('should count for the last part of the window, and be said of the time before', () => {
    // Raised from 2 to 3 five days ago; the last tenth of the window is three days.
    const raised = judged((pod, hour) => pod < 2 || hour > HOURS - 120);
    assert.equal(raised.verdict, 'pass', raised.reason);
    assert.match(
      raised.seen,
      /before the last 3 d of the window the source mostly knew 2 of the targets of orders, which has at least 3 pods now/,
    );
    const always = judged(() => true);
    assert.equal(always.verdict, 'pass', always.reason);
    assert.doesNotMatch(always.seen, /mostly knew/);
  });

  it('should be open where one of several targets has no labels: its query selects none such', () => {
    const one = judged(() => true, [1]);
    assert.equal(one.verdict, 'inconclusive');
    assert.match(one.reason, /the answer to up\{.*\} has a series that the query does not select/);
  });

  it('should leave it open where too few are known now, though there were enough', () => {
    const { verdict, reason } = judged((pod, hour) => pod < 2 || hour < HOURS - 60);
    assert.equal(verdict, 'inconclusive');
    assert.match(
      reason,
      /for most of its last 3 d the source knew 2 of the targets of orders, which has at least 3 pods/,
    );
  });

  it('should be told by earlier time where none was known lately', () => {
    const { reason } = judged((_pod, hour) => hour < HOURS - 100);
    assert.doesNotMatch(reason, /of the targets of orders/);
    assert.match(reason, /no data/);
  });
});
