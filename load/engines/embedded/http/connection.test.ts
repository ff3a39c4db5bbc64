import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { HttpClient } from './client.ts';
import { Deadlines } from './deadlines.ts';
import { requestError } from './errors.ts';
import { Exchange } from './exchange.ts';
import { Names } from './names.ts';
import { targetOf } from './target.ts';

/** Listens with a backlog of one connection, and never accepts any. */
const DEAF = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20000));
  });`;

const DIAL_TIMEOUT_MS = 200;

function clientOf({ noReuse }: { noReuse: boolean }): HttpClient {
  const trust = { context: () => assert.fail('no TLS'), verify: true, dialTimeoutMs: DIAL_TIMEOUT_MS };
  return new HttpClient({ names: new Names({}), trust, deadlines: new Deadlines(), noReuse });
}

function get(url: string, client = clientOf({ noReuse: true })): Promise<Exchange> {
  return new Promise((resolve) => {
    const headText = 'GET / HTTP/1.1\r\n\r\n';
    const fields = { method: 'GET', target: targetOf(url), headText, body: null };
    const deadlineMs = performance.now() + 20_000;
    client.send(new Exchange({ ...fields, deadlineMs }, resolve));
  });
}

/** The second request of a client, whose server closes the kept connection that long after it came. */
async function secondOf(closesAfterMs: number): Promise<Exchange> {
  const server = createServer((socket) => {
    const close = (): void => void socket.destroy();
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      socket.once('data', () => (closesAfterMs === 0 ? close() : setTimeout(close, closesAfterMs)));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const client = clientOf({ noReuse: false });
  await get(url, client);
  const second = await get(url, client);
  client.close();
  server.close();
  return second;
}

describe('a connection', () => {
  it('should be given up when it does not come up in time', async () => {
    const worker = new Worker(DEAF, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    // Fill the backlog, so that the next connection has to wait.
    const before: Socket[] = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'));
    for (const one of before) one.on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { error } = await get(`http://127.0.0.1:${port}/`);
    for (const one of before) one.destroy();
    await worker.terminate();
    assert.deepEqual([error?.errorCode, error?.message], [1211, 'dial: i/o timeout']);
  });

  it('should fail a request that is dropped in flight, and send it again only where its connection was closed before', async () => {
    const dropped = await secondOf(50);
    assert.deepEqual([dropped.error?.errorCode, dropped.reused, dropped.retried], [1000, true, false]);
    // A busy machine may see a close late.
    const seen = [];
    for (let n = 0; n < 20; n++) seen.push(await secondOf(0));
    assert.ok(seen.some(({ error, retried }) => error === null && retried));
  });

  it('should have k6’s numbers for what goes wrong', () => {
    const codes = [
      ['EHOSTUNREACH', 1213],
      ['ENETUNREACH', 1213],
      ['EADDRNOTAVAIL', 1213],
      ['ECONNREFUSED', 1212],
      ['CERT_HAS_EXPIRED', 1000],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', 1310],
      ['ERR_SSL_WRONG_VERSION_NUMBER', 1301],
      ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 1010],
    ] as const;
    for (const [code, number] of codes)
      assert.equal(requestError(Object.assign(new Error('wrong'), { code })).errorCode, number, code);
  });
});
