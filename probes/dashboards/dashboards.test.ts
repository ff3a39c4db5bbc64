import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standIn } from '../signals/_testing/server.ts';
import type { Said } from '../signals/_testing/server.ts';
import { askKibana, dashboardProbe } from './index.ts';

const BOUNDS = { deadlineMs: 5_000 };

const ANSWERS: Record<string, Said> = {
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
    ({ path }) => ANSWERS[path] ?? { status: 404, body: { message: 'not found' } },
  );
  const probe = dashboardProbe({ kind: 'grafana' }, { url: server.url });
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

test('should take a Kibana that is degraded for what it says of itself', async () => {
  const server = await standIn(() => ({
    status: 503,
    body: { status: { overall: { level: 'critical', summary: 'Elasticsearch is unavailable' } } },
  }));
  assert.deepEqual(await askKibana({ url: server.url }, BOUNDS), {
    ...{ name: 'Kibana', ok: false, detail: 'critical Elasticsearch is unavailable' },
  });
  await server.close();
});
