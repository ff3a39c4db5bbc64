import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeCache } from './cache.ts';
import type { ViewClient } from './informer.ts';
import { KubeError } from '../errors.ts';
import type { KubeObject, WatchEvent } from '../types.ts';

const over = new AbortController();
after(() => over.abort());

const MUTE_MS = 60;
const STALE_MS = 80;
const POD = 'v1/Pod';

/** A fake API server: it lists one pod, and its watches send what the test scripts. */
class Server implements ViewClient {
  ready = 'True';
  lists = 0;
  watches = 0;
  /** While set, lists and new watches are refused. */
  down = false;
  /** What a watch sends once it is open. The default sends nothing and ignores its end. */
  speak: (say: (event: WatchEvent) => void, close: (error?: Error) => void) => void = () => undefined;
  #version = 1;

  list(): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    this.lists++;
    if (this.down) return Promise.reject(unreachable());
    return Promise.resolve({ items: [this.pod()], resourceVersion: String(++this.#version) });
  }

  async *watch(
    _kind: string,
    select: { resourceVersion: string; onOpen?: () => void },
  ): AsyncGenerator<WatchEvent> {
    this.watches++;
    if (this.down) throw unreachable();
    select.onOpen?.();
    const said: WatchEvent[] = [];
    let wake = (): void => undefined;
    let closed: Error | true | null = null;
    this.speak(
      (event) => {
        said.push(event);
        wake();
      },
      (error) => {
        closed = error ?? true;
        wake();
      },
    );
    for (;;) {
      for (let event = said.shift(); event !== undefined; event = said.shift()) yield event;
      const end: unknown = closed;
      if (end instanceof Error) throw end;
      if (end === true) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  pod(): KubeObject {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'pg-0', resourceVersion: String(++this.#version) },
      status: { conditions: [{ type: 'Ready', status: this.ready }] },
    };
  }

  bookmark(): WatchEvent {
    return { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(++this.#version) } } };
  }
}

function unreachable(): KubeError {
  return new KubeError('unreachable', 'ECONNREFUSED', { verb: 'list', path: POD });
}

const cacheOf = (server: ViewClient): KubeCache =>
  new KubeCache(server, { signal: over.signal, staleAfterMs: STALE_MS, muteAfterMs: MUTE_MS });
const untilReady = { kind: POD, until: 'ready', count: 1 } as const;

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await what())) {
    assert.ok(performance.now() - began < 5_000, 'it did not come');
    await sleep(5);
  }
}

test('false verdict 11: waiting does not trust a view that listing refuses as stale', async () => {
  const server = new Server();
  let close: (error?: Error) => void = () => undefined;
  server.speak = (_, end) => (close = end);
  const cache = cacheOf(server);
  assert.equal((await cache.list({ kind: POD })).items.length, 1);
  server.down = true;
  close(new Error('broken off'));
  await until(async () => (await cache.list({ kind: POD })).unavailable !== undefined);
  await assert.rejects(cache.wait({ ...untilReady, timeoutMs: 50 }), (error) => {
    assert.ok(error instanceof KubeError);
    assert.equal(error.reason, 'unreachable');
    assert.match(
      error.message,
      /last seen: pg-0 .*stale, so not counted\): unreachable: the watch of v1\/Pod/,
    );
    return true;
  });
});

test('a wait that began on an old view ends once the view is the present again', async () => {
  const server = new Server();
  let close: (error?: Error) => void = () => undefined;
  server.speak = (_, end) => (close = end);
  const cache = cacheOf(server);
  await cache.list({ kind: POD });
  server.down = true;
  close(new KubeError('gone', 'too old', { verb: 'watch', path: POD }));
  await until(async () => (await cache.list({ kind: POD })).unavailable !== undefined);
  const waiting = cache.wait({ ...untilReady, timeoutMs: 10_000 });
  server.down = false;
  assert.equal((await waiting).items.length, 1);
});

test('false verdict 11: a watch that is open and mute for longer than a bookmark takes is made again', async () => {
  const server = new Server();
  const cache = cacheOf(server);
  await cache.list({ kind: POD });
  // The pod changes, but the watch does not report it.
  server.ready = 'False';
  await until(() => server.lists >= 2);
  await assert.rejects(cache.wait({ ...untilReady, timeoutMs: 30 }), /not Ready/);
});

test('false verdict 11: a healthy watch of a server without bookmarks is never called stale', async () => {
  const server = new Server();
  const muteAfterMs = 1_500;
  const cache = new KubeCache(server, { signal: over.signal, staleAfterMs: STALE_MS, muteAfterMs });
  const began = performance.now();
  while (performance.now() - began < 1.5 * muteAfterMs) {
    assert.equal((await cache.list({ kind: POD })).unavailable, undefined);
    await sleep(5);
  }
  assert.ok(server.lists >= 2, 'made again on the way');
});

test('false verdict 11: a mute view that cannot be made again is stale, for listing and for waiting', async () => {
  const server = new Server();
  const cache = cacheOf(server);
  await cache.list({ kind: POD });
  // A server that is frozen: it holds its connections, and answers nothing.
  server.list = () => Promise.reject(unreachable());
  await until(async () => (await cache.list({ kind: POD })).unavailable !== undefined);
  await assert.rejects(cache.wait({ ...untilReady, timeoutMs: 30 }), /stale, so not counted/);
  // New watches are accepted all the same, and prove nothing.
  await sleep(4 * MUTE_MS);
  assert.match((await cache.list({ kind: POD })).unavailable ?? '', /^unreachable: the watch of v1\/Pod/);
});

test('bookmarks alone keep a quiet view the present, without another list', async () => {
  const server = new Server();
  server.speak = (say) => {
    const timer = setInterval(() => say(server.bookmark()), MUTE_MS / 6);
    over.signal.addEventListener('abort', () => clearInterval(timer));
  };
  const cache = cacheOf(server);
  await cache.list({ kind: POD });
  await sleep(4 * MUTE_MS);
  assert.equal((await cache.list({ kind: POD })).items.length, 1);
  assert.equal(server.lists, 1);
});

test('a watch that is accepted and broken off at once, again and again, does not make an old view young', async () => {
  const server = new Server();
  server.speak = (_, close) => close(new SyntaxError('Unexpected token < in JSON'));
  const cache = cacheOf(server);
  await cache.list({ kind: POD });
  await until(async () => (await cache.list({ kind: POD })).unavailable !== undefined);
  assert.ok(server.watches > 1);
});

test('false verdict 11: a view from before this machine slept is stale when it wakes, whether its watch is open or broken', async (t) => {
  let close: (error?: Error) => void = () => undefined;
  const [open, broken] = [new Server(), new Server()];
  broken.speak = (_, end) => (close = end);
  const caches = [open, broken].map(
    (server) => new KubeCache(server, { signal: over.signal, staleAfterMs: 60_000, muteAfterMs: 90_000 }),
  );
  const unavailable = async (): Promise<(string | undefined)[]> =>
    Promise.all(caches.map(async (cache) => (await cache.list({ kind: POD })).unavailable));
  await unavailable();
  broken.down = true;
  close(new Error('broken off'));
  await until(() => broken.watches > 1);
  assert.deepEqual(await unavailable(), [undefined, undefined]);
  // Asleep for an hour: the monotonic clock stands still.
  const read = fs.readFileSync;
  t.mock.method(fs, 'readFileSync', (...of: Parameters<typeof read>) => {
    const text = read(...of);
    return of[0] === '/proc/uptime' ? String(Number(String(text).split(' ')[0]) + 3600) : text;
  });
  const [mute, lost] = await unavailable();
  assert.match(mute ?? '', /silent for 36\d\d s/);
  assert.match(lost ?? '', /broken for 36\d\d s/);
});

test('asks again after half a minute where the credentials were refused, and not before', async (t) => {
  const server = new Server();
  const list = server.list.bind(server);
  let asked = 0;
  server.list = () => {
    asked++;
    return Promise.reject(new KubeError('unauthorized', 'Unauthorized', { verb: 'list', path: POD }));
  };
  const cache = cacheOf(server);
  const now = performance.now.bind(performance);
  let aheadMs = 0;
  t.mock.method(performance, 'now', () => now() + aheadMs);
  for (aheadMs of [0, 20_000])
    assert.match((await cache.list({ kind: POD })).unavailable ?? '', /^unauthorized/);
  assert.equal(asked, 1);
  server.list = list;
  aheadMs = 31_000;
  assert.equal((await cache.list({ kind: POD })).items.length, 1);
});
