/** Objectives that are counted at a gateway, and how many targets must be known. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objective, Series } from '../../record/objective.ts';
import { judge } from '../../../suites/_testing/histories.ts';
import type { Seen } from '../../../suites/_testing/histories.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const SCRAPE_MS = 10_000;
const POINTS = 361;
const TO_MS = T0 + (POINTS - 1) * SCRAPE_MS;

type Labels = Series['labels'];
type Counter = (index: number) => number | null;

const series = (labels: Labels, value: Counter): Series => ({
  labels,
  points: Array.from({ length: POINTS }, (_, i): [number, number | null] => [
    T0 + i * SCRAPE_MS,
    value(i),
  ]).filter(([, one]) => one !== null),
});
const answer = (query: string, values: Series[]): Seen => [
  'series',
  {
    t: TO_MS - T0,
    objectives: ['orders'],
    query,
    values,
    fromMs: T0,
    toMs: TO_MS,
    endMs: TO_MS,
    stepSeconds: 10,
    scrapeSeconds: 10,
  },
];

function ratio(
  over: Partial<Objective['indicator'] & { kind: 'ratio' }>,
  more: Partial<Objective> = {},
): Objective {
  return {
    name: 'orders',
    title: 'Orders',
    service: 'orders',
    method: 'Occurrences',
    target: 0.999,
    window: { kind: 'run' },
    slice: null,
    status: 'assumed',
    indicator: { kind: 'ratio', counter: true, good: null, bad: null, total: '', ...over },
    ...more,
  };
}

/** The service has at least three pods. */
const WORKLOADS = [{ kind: 'Deployment', namespace: 'shop', name: 'orders', replicas: { min: 3, max: 5 } }];

const judged = (objective: Objective, seen: Seen[]) =>
  judge({
    check: 'performance/budget',
    settings: { objectives: [objective], prometheus: { scrapeSeconds: 10 }, workloads: WORKLOADS },
    seen,
  });

const UP = 'up{job="kong"}';
const KONG = ['a', 'b'].map((instance, index) => ({
  job: 'kong',
  instance,
  namespace: 'kong',
  service: 'kong-proxy',
  pod: `kong-6d5f7c9b4d-x2z8${index + 4}`,
}));
/** As Kong writes them and `honorLabels` leaves them. */
const ofOrders = (index: number, more: Labels): Labels => ({
  ...KONG[index],
  service: 'orders',
  namespace: 'shop',
  ...more,
});
const ups = (labels: Labels[] = KONG): Seen =>
  answer(
    UP,
    labels.map((one) => series({ __name__: 'up', ...one }, () => 1)),
  );

describe('requests at a gateway', () => {
  const total = 'kong_http_requests_total{job="kong",namespace="shop"}';
  const bad = 'kong_http_requests_total{job="kong",namespace="shop",code=~"5.."}';
  const of = (code: string, value: Counter, labels: Labels = {}): Series[] =>
    KONG.map((_, i) =>
      series({ __name__: 'kong_http_requests_total', ...ofOrders(i, { code, ...labels }) }, value),
    );
  const good = of('200', (i) => 1_000_000 + i * 1000);
  const first = of('503', (i) => (i < 100 ? null : 50_000));
  const objective = ratio({ total, bad }, { countedElsewhere: true });
  /** Without a template nothing says who counts; the queries have no namespace then. */
  const inFull = {
    total: 'kong_http_requests_total{job="kong",service="orders"}',
    bad: 'kong_http_requests_total{job="kong",service="orders",code=~"5.."}',
  };

  it('should count the first errors of a service whose labels are not those of the gateway', () => {
    assert.equal(judged(objective, [answer(total, good), answer(bad, []), ups()]).verdict, 'pass');
    const { verdict, reason } = judged(objective, [
      answer(total, [...good, ...first]),
      answer(bad, first),
      ups(),
    ]);
    assert.equal(verdict, 'fail', reason);
    assert.match(reason, /times the budget spent/);
  });

  it('should need no more pods of the gateway than it has, also where the pods alone say whose they are', () => {
    const { total: all, bad: errors } = inFull;
    for (const one of [{ ...objective, indicator: ratio(inFull).indicator }, ratio(inFull)]) {
      const { verdict, reason } = judged(one, [answer(all, good), answer(errors, []), ups()]);
      assert.equal(verdict, 'pass', reason);
    }
  });

  it('should say what was asked for where its namespace is not that of the gateway, and no template says who counts', () => {
    const asked = 'up{job="kong",namespace="shop"}';
    assert.match(
      judged(ratio({ total, bad }), [answer(total, good), answer(bad, []), answer(asked, [])]).reason,
      /0 targets of orders were known to the source \(up\{job="kong",namespace="shop"\}\)/,
    );
  });

  it('should need no more targets than there are where nothing says of which pods they are', () => {
    const bare = ({ labels: { pod: _pod, ...labels }, points }: Series): Series => ({
      labels: labels,
      points,
    });
    const known = KONG.map((labels) => bare(series({ __name__: 'up', ...labels }, () => 1)));
    const seen = (of: typeof inFull): Seen[] => [
      answer(of.total, good.map(bare)),
      answer(of.bad, []),
      answer(UP, known),
    ];
    assert.equal(judged(objective, seen({ total, bad })).verdict, 'pass');
    assert.match(judged(ratio(inFull), seen(inFull)).reason, /the source knew 2 of the targets of orders/);
  });

  it('should need as many as the declared workload has where they are its pods', () => {
    const own = ({ labels, ...one }: Series): Series => ({
      ...one,
      labels: { ...labels, pod: (labels['pod'] ?? '').replace('kong', 'orders') },
    });
    const known = KONG.map((labels) => own(series({ __name__: 'up', ...labels }, () => 1)));
    const { reason } = judged(objective, [answer(total, good.map(own)), answer(bad, []), answer(UP, known)]);
    assert.match(reason, /the source knew 2 of the targets of orders, which has at least 3 pods/);
  });

  it('should be open where a series has the address of no target, or of several', () => {
    const strange = of('200', (i) => i * 1000, { instance: 'c', pod: 'kong-6d5f7c9b4d-other' });
    assert.match(
      judged(objective, [answer(total, [strange[0] as Series]), answer(bad, []), ups()]).reason,
      /a series belongs to none of the scraped targets: .*: no target of its job has instance="c"/,
    );
    const twice = [...KONG, { ...KONG[0], pod: 'kong-6d5f7c9b4d-zzzzz' }] as Labels[];
    const without = good.map(({ labels: { pod: _pod, ...labels }, points }) => ({ labels, points }));
    assert.match(
      judged(objective, [answer(total, without), answer(bad, []), ups(twice)]).reason,
      /2 targets of its job have instance="a", and it does not say by pod which of them it is of/,
    );
  });

  it('should be judged by a recording rule, which leaves the address out', () => {
    const recorded = series({ job: 'kong', namespace: 'shop', code: '200' }, (i) => i * 1000);
    assert.equal(judged(objective, [answer(total, [recorded]), answer(bad, []), ups()]).verdict, 'pass');
  });
});

describe('latency at a gateway that shows no bucket into which nothing fell', () => {
  const total = 'kong_request_latency_ms_count{job="kong",service="orders"}';
  const good = 'kong_request_latency_ms_bucket{job="kong",service="orders",le=~"1000|1000[.]0"}';
  const of = (name: string, route: string, value: Counter, more: Labels = {}): Series =>
    series({ __name__: `kong_request_latency_ms_${name}`, ...ofOrders(0, { route, ...more }) }, value);
  const objective = ratio({ total, good }, { countedElsewhere: true, stated: 'template kong' });
  const there = (selector: string, le: string[], boundaryOn?: string[]): Seen => [
    'metric-there',
    {
      t: 1,
      objectives: ['orders'],
      selector,
      there: true,
      selected: le.includes('1000'),
      families: [],
      alike: [],
      labels: ['job', 'le', 'service'],
      values: [
        { label: 'job', values: ['kong'] },
        { label: 'service', values: ['orders'] },
        { label: 'le', values: le },
      ],
      ...(boundaryOn && { boundaryOn }),
    },
  ];
  const latency = (counts: Series[], buckets: Series[], [le, boundaryOn]: [string[], string[]?]) =>
    judged(objective, [
      [there(total, [])[0], { ...there(total, [])[1], selected: true }],
      there(good, le, boundaryOn),
      answer(total, counts),
      answer(good, buckets),
      ups(),
    ]);
  const ALL = ['25', '1000', '2000', '+Inf'];
  const slow = of('count', '/orders', (i) => i * 100);

  it('should fail where everything is slow, and another service shows that there is such a boundary', () => {
    const { verdict, reason } = latency(
      [slow],
      [],
      [
        ['2000', '+Inf'],
        ['a', 'b'],
      ],
    );
    assert.equal(verdict, 'fail', reason);
  });

  it('should be open where nothing shows that there is such a boundary', () => {
    for (const boundaryOn of [undefined, []]) {
      const { verdict, reason } = latency([slow], [], [['2000', '+Inf'], boundaryOn]);
      assert.equal(verdict, 'inconclusive');
      assert.match(reason, /has no boundary le="1000\|1000\[\.\]0": its lowest is 2000, above the goal/);
    }
    // Another gateway pod has it; this one may be of another version.
    assert.match(
      latency([slow], [], [['2000', '+Inf'], ['b']]).reason,
      /but the query for a part of it has none/,
    );
  });

  it('should pass where a few slow requests on a route of their own are beside many fast ones', () => {
    const fast = of('count', '/orders', (i) => i * 4000);
    const bucket = of('bucket', '/orders', (i) => i * 4000, { le: '1000' });
    const exported = of('count', '/export', (i) => (i < 100 ? null : Math.min(15, i - 99)));
    const { verdict, reason } = latency([fast, exported], [bucket], [ALL]);
    assert.equal(verdict, 'pass', reason);
    const many = of('count', '/export', (i) => (i < 100 ? null : (i - 99) * 100));
    assert.equal(latency([fast, many], [bucket], [ALL]).verdict, 'fail');
  });
});

describe('how many targets must be known', () => {
  const total = 'requests_total{job="orders"}';
  const bad = 'requests_total{job="orders",status=~"5.."}';
  const pods = (there: (pod: number, index: number) => boolean, count = 3, more: Partial<Objective> = {}) => {
    const all = Array.from({ length: count }, (_, pod) => ({ job: 'orders', instance: `10.0.0.${pod}:80` }));
    const known =
      (pod: number, value: Counter): Counter =>
      (i) =>
        there(pod, i) ? value(i) : null;
    return judged(ratio({ total, bad }, more), [
      answer(
        total,
        all.map((labels, pod) =>
          series(
            { ...labels, status: '200' },
            known(pod, (i) => i * 100),
          ),
        ),
      ),
      answer(bad, []),
      answer(
        'up{job="orders"}',
        all.map((labels, pod) =>
          series(
            { __name__: 'up', ...labels },
            known(pod, () => 1),
          ),
        ),
      ),
    ]);
  };

  it('should be as many as the service has pods, at the same time', () => {
    assert.equal(pods(() => true).verdict, 'pass');
    const { verdict, reason } = pods((pod, i) => Math.floor(i / 121) === pod);
    assert.equal(verdict, 'inconclusive');
    assert.match(
      reason,
      /for most of the window the source knew 1 of the targets of orders, which has at least 3 pods/,
    );
  });

  it('should bear that pods are replaced, and fewer for a while', () => {
    assert.equal(pods((pod, i) => (pod < 3 ? i < 180 : i >= 180), 6).verdict, 'pass');
    assert.equal(pods((pod, i) => pod < 2 || i > 100).verdict, 'pass');
  });

  it('should be said to be unknown where the service is no declared workload', () => {
    const { verdict, seen, goals } = pods(() => true, 1, { service: 'order' });
    assert.equal(verdict, 'pass');
    const said = /order is no declared workload, so that nothing says how many pods must have been scraped$/;
    assert.match(seen, said);
    assert.match(goals?.[0]?.note ?? '', said);
    assert.doesNotMatch(pods(() => true).seen, /no declared workload/);
  });
});
