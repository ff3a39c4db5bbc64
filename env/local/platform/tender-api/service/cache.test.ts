import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { telemetryOf } from '../../service-kit/telemetry.ts';
import { TenderCache } from './cache.ts';

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const list = (...texts: string[]): string => `*${texts.length}\r\n${texts.map(bulk).join('')}`;

/** A server for the part of Redis' protocol that the client uses; `answer` returns the reply to a command. */
async function serverOf(
  t: TestContext,
  answer: (words: string[]) => string | Promise<string>,
): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const command of data
        .toString()
        .split(/^\*\d+\r\n/m)
        .slice(1)) {
        const words = command.split('\r\n').filter((_, at) => at % 2 === 1);
        void Promise.resolve(answer(words)).then((reply) => socket.write(reply));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

/** A cache with a master that delays its answer to the n-th SET (from 0) by `lateMs(n)`. */
async function cacheBefore(
  t: TestContext,
  lateMs: (set: number) => number,
): Promise<{ cache: TenderCache; connections: () => number }> {
  let sets = 0;
  let connections = 0;
  const master = await serverOf(t, async ([word = '']) => {
    if (word.toLowerCase() === 'info') return bulk('role:master\r\nloading:0\r\n');
    if (word.toLowerCase() === 'role') return '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n';
    if (word.toLowerCase() === 'set') await delay(lateMs(sets++), undefined, { ref: false });
    return '+OK\r\n';
  });
  master.server.on('connection', () => connections++);
  const sentinel = await serverOf(t, ([, word = '']) =>
    word === 'get-master-addr-by-name' ? list('127.0.0.1', String(master.port)) : '*0\r\n',
  );
  const cache = new TenderCache(
    { sentinel: `127.0.0.1:${sentinel.port}`, master: 'tender', password: 'p', sentinelPassword: 's' },
    { ...telemetryOf({ service: 'test' }), log: () => undefined },
  );
  t.after(() => cache.close());
  return { cache, connections: () => connections };
}

const tender = { id: '1', title: 'a title' } as never;

async function putUntil(cache: TenderCache, done: () => boolean, lengthMs = 5_000): Promise<void> {
  const endMs = performance.now() + lengthMs;
  while (!done() && performance.now() < endMs) {
    await cache.put(tender);
    await delay(20);
  }
}

test('should keep its connection when one answer is late', async (t) => {
  let sets = 0;
  const { cache, connections } = await cacheBefore(t, (set) => ((sets = set), set === 5 ? 400 : 0));
  await putUntil(cache, () => sets >= 20);
  assert.deepEqual([sets >= 20, connections()], [true, 1]);
});

test('should reconnect through the Sentinels when no answer comes any more', async (t) => {
  const { cache, connections } = await cacheBefore(t, (set) => (set >= 5 ? 60_000 : 0));
  await putUntil(cache, () => connections() > 1);
  assert.ok(connections() > 1);
});
