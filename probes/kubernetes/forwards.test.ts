import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ForwardingApiServer } from './_testing/forwarding-api-server.ts';
import { KubeError } from './errors.ts';
import { Forwards } from './forwards.ts';
import type { Near } from './forwards.ts';
import { openForward } from './port-forward.ts';

const TO = { namespace: 'data', pod: 'db-0', port: 5432 };
const KEY = 'data/db-0:5432';
const BOUNDS = { deadlineMs: 5000 };

/** Answers each line with its name and the line. */
async function server(name: string): Promise<{ port: number; server: Server }> {
  const listening = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => socket.write(`${name} ${data.toString()}`));
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return { port: (listening.address() as AddressInfo).port, server: listening };
}

async function client({ host, port }: Near): Promise<Socket> {
  const socket = connect({ host, port });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the connection is over, however it ends. */
function closed(near: Near): Promise<void> {
  const socket = connect(near).on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
}

async function answer(socket: Socket, question: string): Promise<string> {
  socket.write(question);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}

describe('Forwards', () => {
  let api: ForwardingApiServer;
  let pod: Awaited<ReturnType<typeof server>>;
  let forwards = new Forwards(() => Promise.reject(new Error('not used')));
  let broken: unknown[];
  const broke = (error: unknown): void => {
    broken.push(error);
  };
  before(async () => {
    api = await ForwardingApiServer.start();
    pod = await server('first');
  });
  after(async () => {
    pod.server.close();
    await api.stop();
  });
  beforeEach(async () => {
    await forwards.close();
    forwards = new Forwards((to, bounds) => openForward(api.config, to, bounds));
    api.behind.clear();
    api.behind.set(KEY, { port: pod.port });
    api.asked.length = 0;
    broken = [];
  });
  after(() => forwards.close());

  it('should lead from the loopback interface to the port of the pod, by the account of the kubeconfig', async () => {
    const near = await forwards.dial(TO, BOUNDS, broke);
    const socket = await client(near);
    assert.equal(near.host, '127.0.0.1');
    assert.equal(await answer(socket, 'ping'), 'first ping');
    assert.equal(api.tokens.at(-1), 'Bearer of-the-account');
    const long = 'x'.repeat(200_000);
    socket.write(long);
    let got = '';
    for await (const data of socket) {
      got += String(data).replaceAll('first ', '');
      if (got.length >= long.length) break;
    }
    assert.equal(got.length, long.length);
  });

  it('should use one listener for each port of a pod, and reach the pod that has the name now', async () => {
    const first = await forwards.dial(TO, BOUNDS, broke);
    assert.equal(await answer(await client(first), 'a'), 'first a');
    const second = await server('second');
    api.behind.set(KEY, { port: second.port });
    const again = await forwards.dial(TO, BOUNDS, broke);
    assert.equal(again.port, first.port);
    assert.equal(await answer(await client(again), 'b'), 'second b');
    second.server.close();
  });

  it('should let in nobody who did not ask', async () => {
    const near = await forwards.dial(TO, BOUNDS, broke);
    const [mine, stranger] = [await client(near), await client(near)];
    await once(stranger, 'close');
    assert.equal(await answer(mine, 'a'), 'first a');
  });

  it('should say why there is no way: the right, the pod, the server that is slow', async () => {
    const reasons = async (behind: Parameters<typeof api.behind.set>[1], deadlineMs = 5000) => {
      api.behind.set(KEY, behind);
      const error = await forwards.dial(TO, { deadlineMs }, broke).then(
        () => assert.fail('a way'),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof KubeError);
      return error.reason;
    };
    assert.equal(await reasons({ status: 403 }), 'forbidden');
    assert.equal(await reasons({ status: 404 }), 'notFound');
    assert.equal(await reasons({ status: 502 }), 'server');
    assert.equal(await reasons('silent', 100), 'timeout');
  });

  it('should tell a port at which nothing listens from a stream that is cut', async () => {
    api.behind.set(KEY, { port: 1 });
    await forwards.dial(TO, BOUNDS, broke).then(closed, broke);
    assert.match(String(broken[0]), /ECONNREFUSED port 5432 within pod db-0/);
    assert.equal(await forwards.accepts(TO, BOUNDS), false);
    api.behind.set(KEY, { port: pod.port });
    assert.equal(await forwards.accepts(TO, BOUNDS), true);
    const socket = await client(await forwards.dial(TO, BOUNDS, broke));
    await answer(socket, 'a');
    api.cut();
    await once(socket, 'close');
    assert.match(String(broken.at(-1)), /broke off \(WebSocket 1006\)/);
  });

  it('should measure how long connections take to open', async () => {
    assert.equal(forwards.times(), null);
    await client(await forwards.dial(TO, BOUNDS, broke));
    const { connections, medianMs, longestMs } = forwards.times() ?? assert.fail('no times');
    assert.ok(connections === 1 && medianMs > 0 && longestMs >= medianMs);
  });

  it('should end listeners and connections when it is closed', async () => {
    const near = await forwards.dial(TO, BOUNDS, broke);
    const socket = await client(near);
    await answer(socket, 'a');
    await forwards.close();
    await once(socket, 'close');
    await assert.rejects(client(near), /ECONNREFUSED/);
  });
});
