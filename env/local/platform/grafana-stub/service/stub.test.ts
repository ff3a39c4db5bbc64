import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TENDER_API } from './dashboards.ts';
import { grafanaFor, NOWHERE, prometheusFor, range, TOKEN } from './_testing/grafana.ts';

const ACCOUNT = { headers: { authorization: `Bearer ${TOKEN}` } };
const HEALTH = '/api/datasources/uid/prometheus/health';

async function jsonOf(url: string, how: RequestInit = {}): Promise<[number, unknown]> {
  const answer = await fetch(url, how);
  return [answer.status, await answer.json()];
}

test('should show its health and dashboards to anybody, its data source only to its account', async (context) => {
  const url = await grafanaFor(context, NOWHERE, [TENDER_API]);
  assert.deepEqual(await jsonOf(`${url}/api/health`), [200, { database: 'ok', version: '12.0.0-stub' }]);
  assert.deepEqual(await jsonOf(`${url}/api/dashboards/uid/${TENDER_API.uid}`), [
    200,
    { dashboard: TENDER_API },
  ]);
  const page = await fetch(`${url}/d/${TENDER_API.uid}?kiosk`);
  assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html']);
  for (const path of ['/d/other', '/api/dashboards/uid/other', '/api/admin'])
    assert.equal((await fetch(`${url}${path}`)).status, 404, path);
  for (const path of ['/api/datasources', HEALTH])
    for (const headers of [{}, { authorization: 'Bearer another' }])
      assert.equal((await jsonOf(`${url}${path}`, { headers }))[0], 401, path);
  assert.deepEqual(await jsonOf(`${url}/api/datasources`, ACCOUNT), [
    200,
    [{ uid: 'prometheus', name: 'Prometheus', type: 'prometheus' }],
  ]);
});

test('should ask Prometheus itself whether the data source is healthy', async (context) => {
  let isBusy = false;
  const prometheus = await prometheusFor(context, (path, parameters) => {
    assert.deepEqual([path, parameters.get('query')], ['/api/v1/query_range', '1+1']);
    return isBusy ? { status: 503, body: { status: 'error', error: 'too many queries' } } : range({}, '2');
  });
  const url = await grafanaFor(context, prometheus, []);
  const [status, said] = await jsonOf(`${url}${HEALTH}`, ACCOUNT);
  assert.deepEqual([status, (said as { status: string }).status], [200, 'OK']);
  isBusy = true;
  assert.deepEqual(await jsonOf(`${url}${HEALTH}`, ACCOUNT), [
    400,
    { status: 'ERROR', message: 'too many queries' },
  ]);
  const broken = await jsonOf(`${await grafanaFor(context, NOWHERE, [])}${HEALTH}`, ACCOUNT);
  assert.match(JSON.stringify(broken), /^\[400,\{"status":"ERROR",.*ECONNREFUSED/);
});

test('should answer queries with the series of Prometheus as frames, and 400 if one of them fails', async (context) => {
  const prometheus = await prometheusFor(context, (_, parameters) =>
    parameters.get('query') === 'up'
      ? range({ job: 'a' }, '1.5', 'NaN')
      : { status: 400, body: { status: 'error', error: 'parse error' } },
  );
  const url = await grafanaFor(context, prometheus, []);
  const query = async (body: object): Promise<[number, unknown]> =>
    await jsonOf(`${url}/api/ds/query`, { method: 'POST', body: JSON.stringify(body) });
  const fields = [
    { name: 'Time', type: 'time' },
    { name: 'Value', type: 'number', labels: { job: 'a' } },
  ];
  const values = [
    [1_000_000, 1_001_000],
    [1.5, null],
  ];
  const A = { status: 200, frames: [{ schema: { fields }, data: { values } }] };
  assert.deepEqual(await query({ queries: [{ refId: 'A', expr: 'up' }] }), [200, { results: { A } }]);
  const B = { status: 500, error: 'parse error', frames: [] };
  const both = [
    { refId: 'A', expr: 'up' },
    { refId: 'B', expr: 'up{' },
  ];
  assert.deepEqual(await query({ queries: both }), [400, { results: { A, B } }]);
  assert.equal((await query({}))[0], 400);
});
