/** A stand-in for Kong Gateway: a reverse proxy with one or two routes. */
import { setting } from '../../../service-kit/setting.ts';
import { telemetryOf } from '../../../service-kit/telemetry.ts';
import { proxyServer, type Route, type Upstream } from './proxy.ts';
import { statusServer } from './status.ts';

function upstreamOf(address: string): Upstream {
  const [host = '', port = ''] = address.split(':');
  return { host, port: Number(port) };
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
const status = statusServer(proxy.counters, telemetry.exported);

proxy.server.listen(Number(setting('PROXY_PORT')), () => telemetry.log('info', 'ready'));
status.listen(Number(setting('STATUS_PORT')));

function stop(): void {
  status.close();
  proxy.server.close(() => void telemetry.stop());
  proxy.server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
