import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { askFailureOf } from '../../probes/asking.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { steadyAgain } from './steady.ts';

const SETTLE_MS = 3000;
const REFUSED_MS = 500;

const server = createServer((_request, response) => {
  response.writeHead(401, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
  response.end('{}');
});
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => {
  server.closeAllConnections();
  server.close();
});

/** @param answered stores that answered earlier in the run */
async function measured(answered: readonly string[]) {
  const { port } = server.address() as AddressInfo;
  const at = { host: '127.0.0.1', port };
  const target: StoreTarget = {
    connection: { ...at, database: '', user: 'u', password: 'not-the-password' },
    members: () => Promise.resolve([{ name: 'es-0', address: at.host, port }]),
  };
  const environment = {
    stores: { elasticsearch: {} },
    timeouts: { settle: { seconds: SETTLE_MS / 1000 }, loginRefused: { seconds: REFUSED_MS / 1000 } },
  };
  const fromMs = performance.now();
  const seen = await steadyAgain({
    runState: { environment },
    stores: {
      target: () => Promise.resolve(target),
      explained: (_store: string, error: unknown) => error,
      failureOf: (_store: string, error: unknown) => Promise.resolve(askFailureOf(error)),
      answered: new Set(answered),
    },
    parts: { signal: new AbortController().signal },
  } as unknown as RunnerCore);
  return { ...seen, tookMs: performance.now() - fromMs };
}

test('should not wait at the end of a run for a store that refused the login all along, nor call it broken', async () => {
  const { ok, detail, tookMs } = await measured([]);
  assert.equal(ok, true);
  assert.match(detail, /cannot be asked \(credentials\)/);
  assert.ok(tookMs < SETTLE_MS, `${tookMs} ms`);
});

test('should wait for a store that let this run in earlier', async () => {
  const { ok, tookMs } = await measured(['elasticsearch']);
  assert.equal(ok, false);
  assert.ok(tookMs >= SETTLE_MS, `${tookMs} ms`);
});
