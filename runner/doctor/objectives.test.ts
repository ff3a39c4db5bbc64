/** The server is a stub that answers as documented for the HTTP API of Prometheus 3.5: instant queries and metadata. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { standIn } from '../../probes/signals/_testing/server.ts';
import type { Said } from '../../probes/signals/_testing/server.ts';
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
  window: { kind: 'rolling', ms: 3_600_000 },
});

interface Prometheus {
  /** How many series a query finds. */
  counts?: (query: string) => number;
  /** Families that targets describe. */
  described?: string[];
  said?: Said;
}

const FOUND = 3;
const unbounded = (query: string): boolean => query.includes('unless ignoring(le)');
const WELL = (query: string): number => (unbounded(query) ? 0 : FOUND);

async function lookedAt(
  declared: readonly Objective[],
  { counts = WELL, described = [], said }: Prometheus = {},
  selection: { checks?: string[] } = {},
): Promise<Item[]> {
  const server = await standIn(({ path, body }) => {
    const { pathname } = new URL(path, 'http://prometheus');
    const data =
      pathname === '/api/v1/metadata'
        ? Object.fromEntries(described.map((family) => [family, [{ type: 'counter', unit: '' }]]))
        : vectorOf(counts(queryOf(body)));
    return said ?? { body: { status: 'success', data } };
  });
  const environment: Environment = {
    ...staging,
    objectives: [...declared],
    prometheus: { url: server.url, scrapeSeconds: 15 },
  };
  const items = await objectives.look(situationOf(environment, KUBE, selection));
  await server.close();
  return items;
}

/** Of a form as the stand-in reads it. */
const queryOf = (body: unknown): string => new URLSearchParams(String(body)).get('query') ?? '';

/** A count of nothing has no value. */
function vectorOf(count: number): { resultType: string; result: object[] } {
  return { resultType: 'vector', result: count === 0 ? [] : [{ metric: {}, value: [1, String(count)] }] };
}

const only = (items: readonly Item[]): Item => {
  assert.equal(items.length, 1);
  return items[0] ?? assert.fail();
};

test('should find each objective whose queries find series', async () => {
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

test('should name objective, query and what to do where something is missing', async () => {
  const cases: [Objective, (query: string) => number, RegExp][] = [
    [AVAILABLE, () => 0, /^total matched 0 series: http_requests_total\{job="orders"\}$/],
    [
      AVAILABLE,
      (query) => (query.includes('status') ? 0 : FOUND),
      /^bad matched 0 series, and no series has/,
    ],
    [QUICK, (query) => (query.includes('_bucket') ? 0 : FOUND), /^good matched 0 series: .*le="0.5"/],
    [QUICK, () => FOUND, /^good matched no series of this boundary for 3 series of total/],
  ];
  for (const [of, counts, expected] of cases) {
    const item = only(await lookedAt([of], { counts }));
    assert.equal(item.state, 'missing', item.detail);
    assert.match(item.what, new RegExp(`^objective ${of.name} \\(http_`));
    assert.match(item.detail, expected);
    assert.match(item.add ?? '', new RegExp(`^objective ${of.name} \\(stated by: environment file\\)`));
  }
});

test('should not know it of a metric that a target describes and that has counted nothing yet', async () => {
  for (const described of ['http_requests_total', 'http_requests']) {
    const item = only(await lookedAt([AVAILABLE], { counts: () => 0, described: [described] }));
    assert.equal(item.state, 'unknown');
    assert.match(item.detail, /a target describes http_requests_total: nothing was counted yet/);
    assert.match(item.add ?? '', /send it a request/);
  }
});

test('should not know it of a service that nobody has asked lately, and whose series were there before', async () => {
  const week = `[${7 * 86_400}s]`;
  const counts = (query: string): number => (query.includes(week) ? FOUND : 0);
  const { state, detail, add } = only(await lookedAt([AVAILABLE], { counts }));
  assert.equal(state, 'unknown', detail);
  assert.match(detail, /0 series: .*; all of it was there within the last week: maybe nobody has asked/);
  assert.match(add ?? '', /send it a request/);
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
  const items = await lookedAt(staging.objectives, { counts: () => 0 });
  assert.equal(items.length, staging.objectives.length);
  assert.ok(items.length > 0 && items.every(({ state }) => state === 'missing'));
});
