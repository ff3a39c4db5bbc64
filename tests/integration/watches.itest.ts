import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { KubeCache } from '../../probes/kubernetes/cache/cache.ts';
import { KubeClient } from '../../probes/kubernetes/client.ts';
import { Transport } from '../../probes/kubernetes/transport.ts';
import { scratch } from './_helpers/runner-fixture.ts';
import { selfSigned } from './_helpers/self-signed.ts';

/** More than connections that answer one request after another. */
const WATCHES = 24;
const TIMEOUT_MS = 3000;

/** Lists of nodes so far. */
let lists = 0;
const LIST = '{"metadata":{"resourceVersion":"1"},"items":[]}';

/** Watches stay open, everything else is answered at once. */
const server = createServer(selfSigned(scratch(), 'api'), (request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  if (request.url?.startsWith('/api/v1/nodes') === true) {
    // A watch of nodes is accepted, and then nothing is said.
    if (request.url.includes('watch')) response.flushHeaders();
    else response.end(LIST, () => lists++);
  } else if (request.url?.includes('watch') === true) response.write('{}\n');
  else response.end('{}');
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const config = new KubeConfig();
const { port } = server.address() as AddressInfo;
config.loadFromClusterAndUser(
  { name: 'api', server: `https://127.0.0.1:${port}`, skipTLSVerify: true },
  { name: 'api', token: 'none' },
);
const transport = new Transport(config);
const over = new AbortController();
after(() => {
  over.abort();
  transport.close();
  server.closeAllConnections();
  server.close();
});

test('should answer a request while any number of watches is open', async () => {
  const common = { method: 'GET', timeoutMs: TIMEOUT_MS, signal: over.signal } as const;
  const watches = Array.from(
    { length: WATCHES },
    (_, i) =>
      transport
        .open({ ...common, verb: 'watch', path: `/api/v1/kind-${i}?watch=true` })
        .then((stream) => stream.on('error', () => undefined)), // the end of the test breaks it off
  );
  const opened = await Promise.all(watches);
  assert.equal(opened.length, WATCHES);
  const answer = await transport.exchange({ ...common, verb: 'get', path: '/api/v1/pods/one' });
  assert.equal(answer.status, 200);
});

test('false verdict 11: a watch that the server holds open and says nothing on is made again', async (t) => {
  const closing = new AbortController();
  t.after(() => closing.abort());
  const cache = new KubeCache(new KubeClient(transport, TIMEOUT_MS), {
    signal: closing.signal,
    staleAfterMs: 1000,
    muteAfterMs: 200,
  });
  const began = performance.now();
  while (lists < 3 && performance.now() - began < 5_000) {
    await cache.list({ kind: 'v1/Node' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(lists >= 3, `${lists} lists`);
});

test('should keep to its deadline while it waits for a connection', async () => {
  const ask = (path: string, timeoutMs: number): Promise<unknown> =>
    transport.exchange({ method: 'GET', verb: 'get', path, timeoutMs, signal: over.signal });
  // Answers that never end hold every connection that requests share.
  const held = Array.from({ length: WATCHES }, () => ask('/held?watch=true', 20_000).catch(() => undefined));
  const began = performance.now();
  await assert.rejects(ask('/api/v1/pods/one', 300), /no answer within 300/);
  assert.ok(performance.now() - began < TIMEOUT_MS);
  over.abort();
  await Promise.all(held);
});
