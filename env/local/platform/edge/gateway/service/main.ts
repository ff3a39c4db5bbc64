/**
 * A stand-in for Kong Gateway: a reverse proxy with one or two routes, active health checks, and the read-only part of the
 * Admin API. Paths and fields follow the documentation of Kong Gateway 3.9 (Admin API, open source edition).
 */
import { telemetryOf } from '../../../service-kit/telemetry.ts';
import { adminServer } from './admin.ts';
import { UpstreamHealth, type Upstream } from './health.ts';
import { proxyServer, type Route } from './proxy.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`);
  return value;
}

function upstreamOf(address: string): Upstream {
  const [host = '', port = ''] = address.split(':');
  return { name: host.split('.')[0] ?? host, host, port: Number(port) };
}

/** With an AI service, `/ai/draft` is its `/v1/draft`. Every other path goes to the backend. */
const { AI_UPSTREAM } = process.env;
const routes: readonly Route[] = [
  { prefix: '/', becomes: '/', upstream: upstreamOf(setting('UPSTREAM')) },
  ...(AI_UPSTREAM === undefined
    ? []
    : [{ prefix: '/ai/', becomes: '/v1/', upstream: upstreamOf(AI_UPSTREAM) }]),
];
const telemetry = telemetryOf({ service: 'gateway' });
const proxy = proxyServer(routes, { podName: setting('POD_NAME'), telemetry });
const served = routes.map((route) => ({ route, health: new UpstreamHealth(route.upstream) }));
const admin = adminServer(served, proxy.counters, telemetry.exported);

proxy.server.listen(Number(setting('PROXY_PORT')), () => telemetry.log('info', 'ready'));
admin.listen(Number(setting('ADMIN_PORT')));
for (const { health } of served) health.start();

function stop(): void {
  for (const { health } of served) health.stop();
  admin.close();
  proxy.server.close(() => void telemetry.stop());
  proxy.server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
