import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { standIn } from '../../../probes/signals/_testing/server.ts';
import type { Asked, Said } from '../../../probes/signals/_testing/server.ts';
import { askPage } from './page.ts';

const staging = await loadEnvironment('staging');
const { signal } = new AbortController();
const secret = (): Promise<string> => Promise.resolve('secret-word');
const stores = { secret, reread: secret };

function having(url: string, of: object): Environment {
  const { telemetry } = staging;
  const dashboards = { kind: 'grafana' as const, url, declared: [], stubbed: false, ...of };
  return { ...staging, telemetry: { ...(telemetry ?? assert.fail('no telemetry')), dashboards } };
}

const ACCOUNT = { user: 'viewer', password: { env: 'X' } };

/** What came of one request, and what the server was asked. */
async function asked(
  answer: (asked: Asked) => Said,
  of: { path?: string; method?: string; body?: string; declared?: object; headers?: Record<string, string> },
) {
  const server = await standIn(answer);
  const { path = '/d/slo', method = 'GET', declared = ACCOUNT, headers = {}, body } = of;
  const params = { check: 'telemetry/dashboards', url: `${server.url}${path}`, method, headers };
  try {
    const environment = having(`${server.url}/grafana`, declared);
    const page = await askPage(
      { environment, stores },
      body === undefined ? params : { ...params, body },
      signal,
    );
    return { page, asked: server.asked, base: server.url };
  } finally {
    await server.close();
  }
}

test('should ask with the declared account, and give back bytes and their kind alone', async () => {
  const { page, asked: questions } = await asked(() => ({ body: { a: 1 } }), { path: '/d/slo?kiosk' });
  assert.equal(Buffer.from(page?.base64 ?? '', 'base64').toString(), '{"a":1}');
  assert.deepEqual(page?.headers, { 'content-type': 'application/json' });
  const words = Buffer.from('viewer:secret-word').toString('base64');
  assert.deepEqual(
    questions.map(({ path, authorization }) => [path, authorization]),
    [['/d/slo?kiosk', `Basic ${words}`]],
  );
  assert.doesNotMatch(JSON.stringify(page), /secret-word/);
});

test('should leave a browser to itself where nothing is declared that it lacks', async () => {
  const { page, asked: questions } = await asked(() => ({ body: {} }), { declared: {} });
  assert.deepEqual([page, questions], [null, []]);
});

test('should send an account to no other server, also where it is redirected there', async () => {
  const environment = having('http://127.0.0.1:1', ACCOUNT);
  const params = { check: 'c', url: 'http://127.0.0.1:2/', method: 'GET', headers: {} };
  await assert.rejects(askPage({ environment, stores }, params, signal), /is not of http:\/\/127\.0\.0\.1:1/);
  const { page, asked: questions } = await asked(
    () => ({ status: 302, location: 'http://127.0.0.1:2/login', body: '' }),
    {},
  );
  assert.equal(page?.url, 'http://127.0.0.1:2/login');
  assert.deepEqual([questions.length, page.withheld], [1, undefined]);
});

test('should follow redirects within the server, and not for ever', async () => {
  const { page, base } = await asked(
    ({ path }) => (path === '/d/slo' ? { status: 302, location: '/d/slo/goals', body: '' } : { body: {} }),
    {},
  );
  assert.deepEqual([page?.status, page?.url], [200, `${base}/d/slo/goals`]);
  const { page: loop, asked: questions } = await asked(
    ({ path }) => ({ status: 302, location: path, body: '' }),
    {},
  );
  assert.equal(loop?.status, 302);
  assert.equal(questions.length, 6);
});

test('should send on the reads that plugins of data sources ask by POST, and say which question it withholds', async () => {
  const answered = async (path: string) => asked(() => ({ body: {} }), { method: 'POST', path, body: '{}' });
  for (const path of [
    '/api/datasources/uid/prom-1/resources/api/v1/query',
    '/grafana/api/datasources/uid/prom-1/resources/api/v1/labels?x=1',
    '/api/datasources/3/resources/api/v1/series',
    '/api/datasources/proxy/3/api/v1/query_range',
    '/api/datasources/proxy/uid/prom-1/api/v1/query_exemplars',
    '/api/datasources/uid/logs/resources/_msearch?max_concurrent_shard_requests=5',
    '/api/datasources/proxy/4/_msearch',
  ]) {
    const { page, asked: questions } = await answered(path);
    assert.deepEqual([questions.map((one) => one.path), page?.withheld], [[path], undefined]);
  }
  for (const path of [
    '/api/datasources/uid/prom-1/resources/api/v1/admin/tsdb/delete_series',
    '/api/datasources/proxy/4/_bulk',
    '/api/datasources/proxy/4%2F_bulk%3F/api/v1/query',
    '/api/datasources/proxy/4/api/v1/query/../../../_bulk',
    '/api/datasources/uid/prom-1/resources/rules',
    '/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources/p/resources/rules',
  ]) {
    const { page, asked: questions } = await answered(path);
    assert.deepEqual([questions, page?.status, page?.withheld], [[], 204, true], path);
  }
  const other = await answered('/api/frontend-metrics');
  assert.deepEqual([other.asked, other.page?.withheld], [[], undefined]);
});

test('should follow a POST to no place where it may do more than read, and say that it is not answered', async () => {
  const redirected = (location: string, path = '/api/datasources/proxy/3/api/v1/query') =>
    asked(() => ({ status: 307, location, body: '' }), { method: 'POST', path, body: '{}' });
  for (const path of ['/api/datasources/proxy/3/api/v1/query', '/api/ds/query']) {
    const { page, asked: questions } = await redirected('/api/dashboards/db', path);
    assert.deepEqual([questions.length, page?.status, page?.withheld], [1, 204, true]);
    assert.equal((await redirected('/login', path)).page?.withheld, true);
    assert.equal((await redirected('http://127.0.0.1:2/login', path)).page?.withheld, true);
    assert.equal((await redirected(path, path)).page?.withheld, true, 'for ever');
  }
  const followed = await asked(
    ({ path }) =>
      path === '/api/ds/query' ? { status: 307, location: '/g/api/ds/query', body: '' } : { body: {} },
    { method: 'POST', path: '/api/ds/query', body: '{}' },
  );
  assert.deepEqual([followed.page?.status, followed.page?.withheld], [200, undefined]);
});

test('should send on reads and the questions of panels, and nothing that changes something', async () => {
  const sent = async (method: string, path: string, body?: string) =>
    (await asked(() => ({ body: {} }), { method, path, ...(body !== undefined && { body }) })).asked.length;
  assert.equal(await sent('POST', '/api/ds/query?ds_type=prometheus', '{}'), 1);
  assert.equal(await sent('POST', '/grafana/api/ds/query', '{}'), 1);
  assert.equal(await sent('GET', '/public/build/app.js'), 1);
  for (const [method, path] of [
    ['POST', '/api/dashboards/db'],
    ['POST', '/api/ds/query/../../dashboards/db'],
    ['DELETE', '/api/dashboards/uid/slo'],
    ['PUT', '/api/user/preferences'],
    ['OPTIONS', '/d/slo'],
  ] as const)
    assert.equal(await sent(method, path), 0, `${method} ${path}`);
});
