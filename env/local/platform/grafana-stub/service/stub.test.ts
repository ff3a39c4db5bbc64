import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slugOf } from './grafana.ts';
import { grafanaFor, NOWHERE, prometheusFor, range, TOKEN } from './_testing/grafana.ts';

const DASHBOARD = { uid: 'u1', title: 'Tender API (1)', panels: [{ id: 1, title: 'One' }] };
const ACCOUNT = { headers: { authorization: `Bearer ${TOKEN}` } };
const VECTOR = { status: 'success', data: { resultType: 'scalar', result: [1000.5, '2'] } };

async function jsonOf(url: string, how: RequestInit = {}): Promise<[number, Record<string, unknown>]> {
  const answer = await fetch(url, how);
  return [answer.status, (await answer.json()) as Record<string, unknown>];
}

const query = (url: string, body: unknown): Promise<[number, Record<string, unknown>]> =>
  jsonOf(`${url}/api/ds/query`, { method: 'POST', body: JSON.stringify(body) });

const source = { uid: 'prometheus' };

test('should show its health and dashboards to anybody, its data sources only to its account', async (context) => {
  const url = await grafanaFor(context, NOWHERE, [DASHBOARD]);
  const [status, health] = await jsonOf(`${url}/api/health`);
  assert.deepEqual([status, health.database], [200, 'ok']);
  const [, shown] = await jsonOf(`${url}/api/dashboards/uid/u1`);
  assert.deepEqual(shown.dashboard, DASHBOARD);
  assert.equal((await jsonOf(`${url}/api/dashboards/uid/u2`))[0], 404);
  const list = (await (await fetch(`${url}/api/search?type=dash-db&limit=1`)).json()) as { uid: string }[];
  assert.deepEqual(
    list.map(({ uid }) => uid),
    ['u1'],
  );
  for (const path of ['/api/datasources', '/api/datasources/uid/prometheus/health'])
    for (const headers of [{}, { authorization: 'Bearer another' }])
      assert.equal((await jsonOf(`${url}${path}`, { headers }))[0], 401, path);
  const listed = await fetch(`${url}/api/datasources`, ACCOUNT);
  const [first] = (await listed.json()) as Record<string, unknown>[];
  assert.deepEqual([first?.uid, first?.name, first?.type], ['prometheus', 'Prometheus', 'prometheus']);
  assert.equal((await jsonOf(`${url}/api/datasources/uid/other/health`, ACCOUNT))[0], 404);
  assert.equal((await jsonOf(`${url}/api/admin`))[0], 404);
});

test('should ask Prometheus itself whether the data source is healthy', async (context) => {
  const asked: string[] = [];
  const prometheus = await prometheusFor(context, (path, parameters) => {
    asked.push(`${path} ${parameters.get('query') ?? ''}`);
    return asked.length === 1
      ? { body: VECTOR }
      : { status: 503, body: { status: 'error', error: 'too many queries' } };
  });
  const url = await grafanaFor(context, `${prometheus}/`, []);
  const health = (): Promise<[number, Record<string, unknown>]> =>
    jsonOf(`${url}/api/datasources/uid/prometheus/health`, ACCOUNT);
  assert.deepEqual(await health(), [
    200,
    { status: 'OK', message: 'Successfully queried the Prometheus API.' },
  ]);
  assert.deepEqual(await health(), [400, { status: 'ERROR', message: 'too many queries' }]);
  assert.deepEqual(asked, ['/api/v1/query 1+1', '/api/v1/query 1+1']);
  const broken = await grafanaFor(context, NOWHERE, []);
  const [status, said] = await jsonOf(`${broken}/api/datasources/uid/prometheus/health`, ACCOUNT);
  assert.deepEqual([status, said.status], [400, 'ERROR']);
  assert.match(String(said.message), /ECONNREFUSED/);
});

test('should send the queries of a panel to Prometheus and return the series as frames', async (context) => {
  const asked: Record<string, string>[] = [];
  const prometheus = await prometheusFor(context, (path, parameters) => {
    asked.push({ path, ...Object.fromEntries(parameters) });
    return path === '/api/v1/query' ? { body: VECTOR } : range({ job: 'a' }, '1.5', 'NaN');
  });
  const url = await grafanaFor(context, prometheus, []);
  const queries = [
    { refId: 'A', expr: 'up', datasource: source },
    { refId: 'B', expr: '2', instant: true, datasource: source },
  ];
  const [status, said] = await query(url, { from: '1000000', to: '1600000', queries });
  assert.equal(status, 200);
  const { A, B } = said.results as Record<'A' | 'B', { frames: { schema: unknown; data: unknown }[] }>;
  assert.deepEqual(A.frames[0]?.data, {
    values: [
      [1_000_000, 1_001_000],
      [1.5, null],
    ],
  });
  assert.match(JSON.stringify(A.frames[0].schema), /"labels":\{"job":"a"\}/);
  assert.deepEqual(B.frames[0]?.data, { values: [[1_000_500], [2]] });
  assert.deepEqual(
    asked.sort((a, b) => (a.path ?? '').localeCompare(b.path ?? '')),
    [
      { path: '/api/v1/query', query: '2', time: '1600' },
      { path: '/api/v1/query_range', query: 'up', start: '1000', end: '1600', step: '10' },
    ],
  );
});

test('should answer 400 if one query fails, with the results of the others', async (context) => {
  const prometheus = await prometheusFor(context, (_, parameters) =>
    parameters.get('query') === 'up'
      ? range({}, '1')
      : { status: 400, body: { status: 'error', error: 'parse error' } },
  );
  const url = await grafanaFor(context, prometheus, []);
  const queries = [
    { refId: 'A', expr: 'up', datasource: source },
    { refId: 'B', expr: 'up{', datasource: source },
  ];
  const [status, said] = await query(url, { from: 'now-5m', to: 'now', queries });
  const { A, B } = said.results as Record<'A' | 'B', { status: number; error?: string; frames: unknown[] }>;
  assert.deepEqual([status, A.status, A.frames.length], [400, 200, 1]);
  assert.deepEqual([B.status, B.error, B.frames.length], [500, 'parse error', 0]);
});

test('should refuse an invalid query, and a query for an unknown data source', async (context) => {
  const url = await grafanaFor(context, NOWHERE, []);
  const one = { refId: 'A', expr: 'up', datasource: source };
  for (const wrong of [
    {},
    { from: 'now-5m', to: 'now', queries: [] },
    { from: 'now', to: 'now-5m', queries: [one] },
    { from: 'yesterday', to: 'now', queries: [one] },
    { from: 'now-5m', to: 'now', queries: [{ refId: 'A', datasource: source }] },
  ])
    assert.equal((await query(url, wrong))[0], 400, JSON.stringify(wrong));
  const [status] = await query(url, {
    from: 'now-5m',
    to: 'now',
    queries: [one, { ...one, datasource: { uid: 'other' } }],
  });
  assert.equal(status, 404);
});

test('should redirect a browser to the address with the title, and answer 404 for an unknown dashboard', async (context) => {
  const url = await grafanaFor(context, NOWHERE, [{ uid: 'u1', title: 'A <b> & "c"' }]);
  const led = await fetch(`${url}/d/u1?kiosk`, { redirect: 'manual' });
  assert.deepEqual([led.status, led.headers.get('location')], [302, '/d/u1/a-b-c?kiosk']);
  const page = await fetch(`${url}/d/u1?kiosk`);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(await page.text(), /<h1>A &lt;b> &amp; &quot;c&quot;<\/h1>/);
  assert.equal((await fetch(`${url}/d/u2`)).status, 404);
  assert.equal(slugOf('Tender API (1)'), 'tender-api-1');
});
