import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { parseClientLoadConfig } from './config.ts';
import { connectTimeoutTo } from './connect-timeout.ts';

const NOWHERE = { host: '127.0.0.1', port: 1 };

test('a client may take three times as long to connect as the fastest attempt took, within bounds', async () => {
  const limitFor = (...tookMs: number[]): Promise<number> =>
    connectTimeoutTo(NOWHERE, () => Promise.resolve(tookMs.pop() ?? 0));
  assert.equal(await limitFor(60, 2, 1), 100);
  assert.equal(await limitFor(130, 120.2, 300), 361);
  assert.equal(await limitFor(400, 400, Infinity), 500);
});

test('what is near is given up as soon as within a cluster, what cannot be reached now as late as may be', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.equal(await connectTimeoutTo({ host: '127.0.0.1', port }), 100);
  server.close();
  await once(server, 'close');
  assert.equal(await connectTimeoutTo({ host: '127.0.0.1', port }), 500);
});

test('no client connects for longer than its operations wait for a connection', async () => {
  const connection = { ...NOWHERE, database: '', user: '', password: '' };
  const connectTimeoutMs = await connectTimeoutTo(NOWHERE, () => Promise.resolve(Infinity));
  const config = { store: 'edge', history: '/tmp', run: 'r', connection, connectTimeoutMs };
  assert.ok(connectTimeoutMs <= parseClientLoadConfig(JSON.stringify(config)).waitTimeoutMs);
});
