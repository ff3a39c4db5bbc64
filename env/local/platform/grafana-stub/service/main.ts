/** Entry: reads the provisioned dashboards and serves until SIGTERM. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { logOf } from '../../service-kit/log.ts';
import { GrafanaStub, grafanaServer, type Dashboard } from './grafana.ts';
import { PrometheusSource } from './source.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`);
  return value;
}

function dashboardsIn(folder: string): Dashboard[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard);
}

const server = grafanaServer(
  new GrafanaStub({
    token: setting('GRAFANA_TOKEN'),
    source: new PrometheusSource(setting('PROMETHEUS_URL')),
    dashboards: dashboardsIn(setting('DASHBOARDS')),
  }),
);
server.keepAliveTimeout = 65_000;
server.listen(Number(setting('PORT')));
logOf('grafana-stub')('info', 'ready');

function stop(): void {
  server.close();
  server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
