/** Entry: serves until SIGTERM. */
import { logOf } from '../../service-kit/log.ts';
import { setting } from '../../service-kit/setting.ts';
import { DASHBOARDS } from './dashboards.ts';
import { grafanaServer } from './grafana.ts';

const server = grafanaServer({
  token: setting('GRAFANA_TOKEN'),
  prometheusUrl: setting('PROMETHEUS_URL'),
  dashboards: DASHBOARDS,
});
server.keepAliveTimeout = 65_000;
server.listen(Number(setting('PORT')));
logOf('grafana-stub')('info', 'ready');

function stop(): void {
  server.close();
  server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
