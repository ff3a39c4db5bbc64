/**
 * A stand-in for Kong Gateway: a reverse proxy with one route, active health checks, and the part of the Admin API that
 * reads state. Paths and fields follow the documentation of Kong Gateway 3.9 (Admin API, open source edition).
 */
import { adminServer } from './admin.ts';
import { UpstreamHealth } from './health.ts';
import { proxyServer } from './proxy.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`);
  return value;
}

const [host = '', port = ''] = setting('UPSTREAM').split(':');
const upstream = { name: host.split('.')[0] ?? host, host, port: Number(port) };
const health = new UpstreamHealth(upstream);
const proxy = proxyServer(upstream, setting('POD_NAME'));
const admin = adminServer(upstream, health, proxy.counters);

proxy.server.listen(Number(setting('PROXY_PORT')));
admin.listen(Number(setting('ADMIN_PORT')));
health.start();

function stop(): void {
  health.stop();
  admin.close();
  proxy.server.close();
  proxy.server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
