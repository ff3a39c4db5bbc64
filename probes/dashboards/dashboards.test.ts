import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standIn } from '../signals/_testing/server.ts';
import type { Said } from '../signals/_testing/server.ts';
import { GrafanaProbe } from './grafana.ts';
import { askKibana } from './kibana.ts';

const BOUNDS = { deadlineMs: 5_000 };

const ANSWERS: Record<string, Said> = {
  '/api/search?type=dash-db&limit=1': { body: [{ uid: 'slo', title: 'Goals', type: 'dash-db' }] },
  '/api/health': { body: { database: 'ok', version: '12.1.0' } },
  '/api/datasources': {
    body: [
      { uid: 'p', name: 'Prometheus', type: 'prometheus' },
      { uid: 'l', name: 'Logs', type: 'elasticsearch' },
    ],
  },
  '/api/datasources/uid/p/health': { body: { status: 'OK', message: 'Successfully queried' } },
  '/api/datasources/uid/l/health': { status: 500, body: { status: 'ERROR', message: 'no connection' } },
  '/api/dashboards/uid/slo': {
    body: {
      dashboard: {
        title: 'Goals',
        panels: [
          { type: 'row', panels: [{ datasource: { uid: 'p' } }, { datasource: { uid: '${source}' } }] },
          { type: 'row', collapsed: true, panels: [{ datasource: { uid: 'p' } }] },
          { datasource: null },
        ],
      },
    },
  },
  '/api/dashboards/uid/rows': {
    body: {
      dashboard: {
        panels: [
          { type: 'row', collapsed: false, panels: [] },
          { type: 'timeseries', repeat: 'node' },
          { type: 'timeseries', repeatPanelId: 2 },
          { type: 'row' },
          { type: 'stat', repeatPanelId: null },
        ],
      },
    },
  },
  '/api/dashboards/uid/folded': {
    body: {
      dashboard: { panels: [{ type: 'row', collapsed: true, panels: [{ type: 'stat' }, { type: 'stat' }] }] },
    },
  },
};

test('should ask Grafana for its health, its data sources and a dashboard with the panels of its rows', async () => {
  const server = await standIn(
    ({ path }) => ANSWERS[path] ?? { status: 404, body: { message: 'Dashboard not found' } },
  );
  const probe = new GrafanaProbe({ url: server.url });
  assert.deepEqual(await probe.health(BOUNDS), {
    name: 'Grafana',
    ok: true,
    detail: 'Grafana 12.1.0, database ok',
  });
  assert.deepEqual(await probe.dataSources(BOUNDS), [
    { name: 'Prometheus (prometheus)', ok: true, detail: 'Successfully queried' },
    { name: 'Logs (elasticsearch)', ok: false, detail: 'no connection' },
  ]);
  assert.deepEqual(await probe.dashboard('slo', BOUNDS), { found: true, panels: 3, hidden: 1 });
  // Rows are no panels, and copies of a repeated panel may be of values that are gone.
  assert.deepEqual(await probe.dashboard('rows', BOUNDS), { found: true, panels: 2, hidden: 0 });
  assert.deepEqual(await probe.dashboard('folded', BOUNDS), { found: true, panels: 0, hidden: 2 });
  assert.equal((await probe.dashboard('other', BOUNDS)).found, false);
  probe.close();
  await server.close();
});

/** Answers to `…/health` as Grafana's source words them (pkg/plugins/errors.go, pkg/api/plugins_test.go; issue 83794 has the first from a server). */
const UNASKED: Readonly<Record<string, Said>> = {
  'no part in the server': {
    status: 500,
    body: { message: 'Plugin unavailable', messageId: 'plugin.unavailable', statusCode: 500, traceID: '' },
  },
  'no such question': {
    status: 404,
    body: { message: 'Method not implemented', messageId: 'plugin.notImplemented', statusCode: 404 },
  },
  'no such question, before 9.2': { status: 404, body: { message: 'Plugin does not support health' } },
  'no right to it': { status: 403, body: { message: 'Permissions needed: datasources:query' } },
};

const BROKEN: Readonly<Record<string, Said>> = {
  'an error of the source': { status: 400, body: { status: 'ERROR', message: 'dial tcp: i/o timeout' } },
  'an error of the server': {
    status: 500,
    body: { message: 'Internal error', messageId: 'plugin.downstreamError' },
  },
  'no such plugin': {
    status: 404,
    body: { message: 'Plugin not registered', messageId: 'plugin.notRegistered' },
  },
  'no such source': { status: 404, body: { message: 'Data source not found' } },
};

async function sourceSaid(said: Said) {
  const server = await standIn(({ path }) =>
    path.endsWith('/health') ? said : { body: [{ uid: 'a', name: 'Alerts', type: 'alertmanager' }] },
  );
  const probe = new GrafanaProbe({ url: server.url });
  const [found] = await probe.dataSources(BOUNDS);
  probe.close();
  await server.close();
  return found;
}

test('should tell a data source that cannot be asked from one that is broken', async () => {
  for (const [name, said] of Object.entries(UNASKED)) {
    const { ok, detail } = (await sourceSaid(said)) ?? assert.fail(name);
    assert.equal(ok, null, name);
    assert.match(
      detail,
      /Grafana cannot ask its health: |this account may not ask its health: Permissions/,
      name,
    );
  }
  for (const [name, said] of Object.entries(BROKEN)) assert.equal((await sourceSaid(said))?.ok, false, name);
});

test('should log in by user and password or by the token of a service account, and say which permission is missing', async () => {
  const account = { user: 'viewer', password: 'secret-word' };
  const words = Buffer.from('viewer:secret-word').toString('base64');
  for (const [by, header] of [
    [{ account }, `Basic ${words}`],
    [{ token: 'glsa_x' }, 'Bearer glsa_x'],
  ] as const) {
    const message = "You'll need additional permissions. Permissions needed: datasources:read";
    const server = await standIn(({ authorization }) =>
      authorization === header ? { status: 403, body: { message } } : { status: 401, body: {} },
    );
    const probe = new GrafanaProbe({ url: server.url, ...by });
    await assert.rejects(probe.dataSources(BOUNDS), (error: unknown) => {
      assert.match(String(error), /refused \(403\): .*Permissions needed: datasources:read/);
      assert.doesNotMatch(String(error), /secret-word|glsa_x/);
      return true;
    });
    probe.close();
    await server.close();
  }
});

test('should name the login page that answers in place of Grafana or Kibana', async () => {
  for (const [said, wanted] of [
    [{ status: 302, location: '/login', body: '' }, /redirects to \/login, as to a login page/],
    [
      { body: '<!doctype html><html><title>Grafana</title></html>' },
      /a web page answers where JSON was expected/,
    ],
  ] as const) {
    const server = await standIn(() => said);
    const probe = new GrafanaProbe({ url: server.url });
    await assert.rejects(probe.health(BOUNDS), wanted);
    await assert.rejects(probe.dashboard('slo', BOUNDS), wanted);
    await assert.rejects(askKibana({ url: server.url }, BOUNDS), wanted);
    probe.close();
    await server.close();
  }
});

test('should take a Kibana that is degraded for what it says of itself', async () => {
  const server = await standIn(() => ({
    status: 503,
    body: { status: { overall: { level: 'critical', summary: 'Elasticsearch is unavailable' } } },
  }));
  assert.deepEqual(await askKibana({ url: server.url }, BOUNDS), {
    name: 'Kibana',
    ok: false,
    detail: 'critical Elasticsearch is unavailable',
  });
  await server.close();
});

test('should not take what stands before Grafana for a data source that is broken, nor the others for unknown', async () => {
  const others: Readonly<Record<string, Said>> = {
    'a proxy that gave up': { status: 504, body: { message: 'upstream request timeout' } },
    'a page of a proxy': { status: 502, body: '<html><h1>502 Bad Gateway</h1></html>' },
    'a login page': { body: '<!doctype html><html><title>Sign in</title></html>' },
    'a redirect to one': { status: 302, location: '/login', body: '' },
    'an account that is no longer accepted': { status: 401, body: { message: 'Unauthorized' } },
    'a limit of requests': { status: 429, body: { message: 'Too many requests' } },
    'an answer without a status': { body: {} },
    'an empty answer': { body: '' },
  };
  for (const [name, said] of Object.entries(others)) {
    const server = await standIn(({ path }) => {
      if (!path.endsWith('/health')) return ANSWERS['/api/datasources'] ?? assert.fail();
      return path.includes('/p/') ? said : { status: 400, body: { status: 'ERROR', message: 'refused' } };
    });
    const probe = new GrafanaProbe({ url: server.url });
    const [first, second] = await probe.dataSources(BOUNDS);
    assert.deepEqual([first?.ok, first?.isUnanswered], [null, true], name);
    assert.deepEqual([second?.ok, second?.isUnanswered], [false, undefined], name);
    probe.close();
    await server.close();
  }
});

test('should take a dashboard for missing only by the word of Grafana, to an account that sees others', async () => {
  const looked = async (said: Said, list: unknown) => {
    const server = await standIn(({ path }) => (path.startsWith('/api/search') ? { body: list } : said));
    const probe = new GrafanaProbe({ url: server.url });
    try {
      return await probe.dashboard('slo', BOUNDS);
    } finally {
      probe.close();
      await server.close();
    }
  };
  const missing: Said = { status: 404, body: { message: 'Dashboard not found', traceID: '' } };
  assert.equal((await looked(missing, [{ uid: 'x' }])).found, false);
  await assert.rejects(looked(missing, []), /sees no dashboard at all: maybe another organisation/);
  await assert.rejects(
    looked({ status: 404, body: { message: 'no Route matched with those values' } }, [{ uid: 'x' }]),
    /not as Grafana says/,
  );
  await assert.rejects(
    looked({ status: 403, body: { message: 'Access denied' } }, []),
    /refused \(403\): .*Access denied/,
  );
});
