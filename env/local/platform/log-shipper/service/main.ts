/** Entry: ships the lines of every container on this node until SIGTERM; /metrics shows its progress. */
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { logOf } from '../../service-kit/log.ts';
import { setting } from '../../service-kit/setting.ts';
import { Files } from './files.ts';
import { metricsText } from './metrics.ts';
import { Shipper } from './shipper.ts';
import { LogStore } from './store.ts';

/** Polling interval. To watch files across rotation would need a watch for each folder; polling costs less. */
const ROUND_MS = 500;
const log = logOf('log-shipper');
const files = new Files(setting('LOGS'), `${setting('STATE')}/positions.json`);
const store = new LogStore({
  url: setting('STORE_URL'),
  user: setting('STORE_USER'),
  password: setting('STORE_PASSWORD'),
});
const shipper = new Shipper({ node: setting('NODE_NAME'), files, store, log });
const ended = new AbortController();

const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(request.url === '/metrics' ? metricsText(shipper.counts) : 'ok\n');
});
server.listen(Number(setting('PORT')));

const stop = (): void => {
  ended.abort();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

await files.load();
while (!ended.signal.aborted) {
  const pauseMs = await shipper.round(ROUND_MS);
  await delay(pauseMs, undefined, { signal: ended.signal }).catch(() => undefined);
}
await files.save().catch(() => undefined);
await files.close();
server.close();
server.closeAllConnections();
