import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
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

function get(url: string, dialTimeoutMs: number): Promise<Exchange> {
  const trust = { context: () => assert.fail('no TLS'), verify: true, dialTimeoutMs };
  const client = new HttpClient({ names: new Names({}), trust, deadlines: new Deadlines(), noReuse: true });
  return new Promise((resolve) => {
    const fields = { method: 'GET', target: targetOf(url), headText: '', body: null, discardBody: false };
    const deadlineMs = performance.now() + 20_000;
    client.send(new Exchange({ ...fields, deadlineMs }, { exchangeEnded: resolve }));
  });
}

describe('a connection', () => {
  it('should be given up when it does not come up in time', async () => {
    const worker = new Worker(DEAF, { eval: true });
    const [port] = (await once(worker, 'message')) as [number];
    // Fill the backlog, so that the next connection has to wait.
    const before: Socket[] = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'));
    for (const one of before) one.on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { error } = await get(`http://127.0.0.1:${port}/`, 200);
    for (const one of before) one.destroy();
    await worker.terminate();
    assert.deepEqual([error?.errorCode, error?.message], [1211, 'dial: i/o timeout']);
  });

  it('should be refused with a port that there is not', async () => {
    const { error } = await get('http://127.0.0.1:99999/', 200);
    assert.equal(error?.errorCode, 1210);
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
