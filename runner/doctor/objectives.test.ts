/** The server is a stub that answers as documented for the HTTP API of Prometheus 3.5: labels, values of a label, metadata. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { standIn } from '../../probes/signals/_testing/server.ts';
import type { Said } from '../../probes/signals/_testing/server.ts';
import { matchesSelector, selectorsIn } from '../../reports/judge/slo/series/selector.ts';
import type { Objective } from '../../reports/record/objective.ts';
import { situationOf } from './_testing/situation.ts';
import type { Item } from './item.ts';
import { objectives } from './objectives.ts';

const staging = await loadEnvironment('staging');
const KUBE = (): Promise<never> => Promise.reject(new Error('not expected'));

const TOTAL = 'http_requests_total{job="orders"}';
const BAD = 'http_requests_total{job="orders",status=~"5.."}';
const FAST = 'http_request_duration_seconds_bucket{job="orders",le="0.5"}';
const COUNTED = 'http_request_duration_seconds_count{job="orders"}';

function objective(name: string, over: Partial<Objective>): Objective {
  return {
    name,
    title: name,
    service: 'orders',
    method: 'Occurrences',
    target: 0.99,
    status: 'assumed',
    window: { kind: 'run' },
    slice: null,
    stated: 'environment file',
    indicator: { kind: 'ratio', counter: true, good: null, bad: BAD, total: TOTAL },
    ...over,
  };
}

const AVAILABLE = objective('orders-available', {});
const QUICK = objective('orders-quick', {
  indicator: { kind: 'ratio', counter: true, good: FAST, bad: null, total: COUNTED },
  histogram: { unit: 'seconds', atMost: 0.5, advice: null },
  window: { kind: 'rolling', ms: 3_600_000 },
});

type Series = Record<string, string>;
const requests = (labels: Series): Series => ({ __name__: 'http_requests_total', job: 'orders', ...labels });
const bucket = (le: string): Series => ({
  __name__: 'http_request_duration_seconds_bucket',
  job: 'orders',
  le,
});
const WELL: Series[] = [
  requests({ status: '200' }),
  requests({ status: '503' }),
  ...['0.1', '0.5', '1', '+Inf'].map(bucket),
  { __name__: 'http_request_duration_seconds_count', job: 'orders' },
];

type Described = Record<string, { type: string; unit: string }[]>;

/** What a Prometheus with these series says. */
function saidOf(path: string, series: readonly Series[], described: Described): Said {
  const { pathname, searchParams } = new URL(path, 'http://prometheus');
  const matched = (text: string): Series[] => {
    const [selector] = selectorsIn(text);
    if (selector === undefined) return [];
    const { metric, matchers } = selector;
    return series.filter((one) => matchesSelector(one, { metric: metric || null, matchers }));
  };
  const data = (found: readonly string[]): Said => ({
    body: { status: 'success', data: [...new Set(found)].sort() },
  });
  if (pathname === '/api/v1/metadata') {
    const family = searchParams.get('metric') ?? '';
    const known = described[family];
    return { body: { status: 'success', data: known === undefined ? {} : { [family]: known } } };
  }
  const found = matched(searchParams.get('match[]') ?? '');
  if (pathname === '/api/v1/labels') return data(found.flatMap((one) => Object.keys(one)));
  const label = /^\/api\/v1\/label\/([^/]+)\/values$/.exec(pathname)?.[1];
  if (label === undefined) return { status: 404, body: 'not here' };
  return data(found.flatMap((one) => one[label] ?? []));
}

interface Prometheus {
  series?: Series[];
  described?: Described;
  said?: Said;
  /** Series that have had no sample for a day. */
  idle?: Series[];
}

async function lookedAt(
  declared: readonly Objective[],
  { series = WELL, described = {}, said, idle = [] }: Prometheus = {},
  selection: { checks?: string[] } = {},
): Promise<Item[]> {
  const within = (path: string): Series[] => {
    const fromMs = Number(new URL(path, 'http://prometheus').searchParams.get('start')) * 1000;
    return fromMs < Date.now() - 86_400_000 ? [...series, ...idle] : series;
  };
  const server = await standIn(({ path }) => said ?? saidOf(path, within(path), described));
  const environment: Environment = {
    ...staging,
    objectives: [...declared],
    prometheus: { url: server.url, scrapeSeconds: 15 },
  };
  const items = await objectives.look(situationOf(environment, KUBE, selection));
  await server.close();
  return items;
}

const only = (items: readonly Item[]): Item => {
  assert.equal(items.length, 1);
  return items[0] ?? assert.fail();
};

test('should find each objective whose metrics, labels, unit and boundaries are there', async () => {
  const items = await lookedAt([AVAILABLE, QUICK]);
  assert.deepEqual(
    items.map(({ what, state, detail }) => [what, state, state === 'ok' ? '' : detail]),
    [
      ['objective orders-available (http_requests_total)', 'ok', ''],
      [
        'objective orders-quick (http_request_duration_seconds_count, http_request_duration_seconds_bucket)',
        'ok',
        '',
      ],
    ],
  );
});

test('should name objective, metric, what is there and what to do where something is missing', async () => {
  const cases: [Objective, Series[], RegExp][] = [
    [AVAILABLE, [], /no series of http_requests_total .* the name is wrong, or its target is not scraped/],
    [
      AVAILABLE,
      [
        { __name__: 'http_server_requests_total', job: 'orders' },
        { __name__: 'http_requests_sum', job: 'o' },
      ],
      /no series of http_requests_total in the window; of a name like it are http_requests_sum/,
    ],
    [
      AVAILABLE,
      [requests({ code: '200' }), requests({ code: '503' })],
      /http_requests_total has no label status .*code has such values \(200, 503\): write code=~"5\.\."/,
    ],
    [
      AVAILABLE,
      [{ ...requests({ status: '503' }), job: 'shop' }],
      /no series with job="orders"; there, job is shop/,
    ],
    [QUICK, [...WELL.filter(({ le }) => le !== '0.5')], /0\.5/],
    [
      QUICK,
      [...WELL.filter(({ le }) => le === undefined), ...['100', '500', '1000', '+Inf'].map(bucket)],
      /http_request_duration_seconds_bucket/,
    ],
  ];
  for (const [of, series, expected] of cases) {
    const item = only(await lookedAt([of], { series }));
    assert.equal(item.state, 'missing', item.detail);
    assert.match(item.what, new RegExp(`^objective ${of.name} \\(http_`));
    assert.match(item.detail, expected);
    assert.match(item.add ?? '', new RegExp(`^objective ${of.name} \\(stated by: environment file\\)`));
  }
});

test('should not know it of a metric that a target describes and that has counted nothing yet', async () => {
  const described = { http_requests_total: [{ type: 'counter', unit: '' }] };
  const item = only(await lookedAt([AVAILABLE], { series: [], described }));
  assert.equal(item.state, 'unknown');
  assert.match(item.detail, /a target describes it \(counter\): nothing was counted yet/);
  assert.match(item.add ?? '', /send it a request/);
});

test('should not know it of a service that nobody has asked lately, and whose series were there before', async () => {
  const others = WELL.map((one) => ({ ...one, job: 'shop' }));
  for (const series of [[], others]) {
    const { state, detail, add } = only(await lookedAt([AVAILABLE], { series, idle: WELL }));
    assert.equal(state, 'unknown', detail);
    assert.match(detail, /no series .*; all of it was there within the last week: maybe nobody has asked/);
    assert.match(add ?? '', /send it a request/);
  }
});

test('should not need objectives that no planned check asks for', async () => {
  const [item] = await lookedAt([AVAILABLE], {}, { checks: ['topology/nodes/pools'] });
  assert.equal(item?.state, 'not needed');
});

test('should say why where Prometheus cannot be asked, and what was not asked there', async () => {
  const refused = only(await lookedAt([AVAILABLE], { said: { status: 401, body: 'no' } }));
  assert.equal(refused.state, 'unknown');
  assert.match(refused.detail, /Prometheus could not be asked: .*refuses the account/);
  const unreached = await objectives.look(situationOf({ ...staging, objectives: [AVAILABLE] }, null));
  assert.deepEqual(
    unreached.map(({ state, detail }) => [state, detail]),
    [['unknown', 'the cluster was not reached']],
  );
});

test('should look at every objective of a shipped file by what its queries select', async () => {
  const items = await lookedAt(staging.objectives, { series: [] });
  assert.equal(items.length, staging.objectives.length);
  assert.ok(items.length > 0 && items.every(({ state }) => state === 'missing'));
});
