import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFulfilled, untilPlatform, withDeadline } from './platform-wait.ts';
import type { PlatformWait } from './platform-wait.ts';

test('should tell a promise that is fulfilled from one that is pending or was rejected', async () => {
  assert.equal(await isFulfilled(Promise.resolve()), true);
  assert.equal(await isFulfilled(Promise.resolve().then(() => 1)), true);
  assert.equal(await isFulfilled(new Promise(() => undefined)), false);
  assert.equal(await isFulfilled(Promise.reject(new Error('no'))), false);
});

/** Far less than the waits below last where nobody ends them. */
const AT_ONCE = { timeout: 5000 };

test('should wait no longer than it may, and no longer than nobody interrupts', AT_ONCE, async () => {
  const never = new Promise<number>(() => undefined);
  const nobody = new AbortController().signal;
  assert.equal(await withDeadline(Promise.resolve(7), 1000, nobody), 7);
  await assert.rejects(withDeadline(never, 1, nobody), /not within 0 s/);
  await assert.rejects(withDeadline(Promise.reject(new Error('broken')), 1000, nobody), /broken/);
  const interrupt = new AbortController();
  const waiting = withDeadline(never, 60_000, interrupt.signal);
  interrupt.abort();
  await assert.rejects(waiting, /interrupted/);
  await assert.rejects(withDeadline(never, 60_000, interrupt.signal), /interrupted/);
});

const waitFor = (change: Partial<PlatformWait>): PlatformWait => ({
  platformReady: Promise.resolve(),
  limitMs: 1000,
  meanwhile: () => Promise.resolve(),
  interrupted: new AbortController().signal,
  stopped: new AbortController().signal,
  ...change,
});

test('should run what looks at the cluster alone while the platform is made, and go on when it is there', async () => {
  const done: string[] = [];
  let ready = (): void => undefined;
  const platformReady = new Promise<void>((resolve) => (ready = resolve));
  const waiting = untilPlatform(
    waitFor({
      platformReady,
      meanwhile: () => {
        done.push('meanwhile');
        ready();
        return Promise.resolve();
      },
    }),
  );
  assert.equal(await waiting, null);
  assert.deepEqual(done, ['meanwhile']);
});

test('should say in one line why there is no platform', async () => {
  const broken = Promise.reject(new Error('redis is not ready\nsee its log'));
  assert.equal(await untilPlatform(waitFor({ platformReady: broken })), 'redis is not ready');
  const never = new Promise<void>(() => undefined);
  assert.equal(await untilPlatform(waitFor({ platformReady: never, limitMs: 1 })), 'not within 0 s');
});

test(
  'should leave it to the checks to say that a run was stopped, and throw where it was interrupted',
  AT_ONCE,
  async () => {
    const never = new Promise<void>(() => undefined);
    const stop = new AbortController();
    const stopping = untilPlatform(waitFor({ platformReady: never, limitMs: 60_000, stopped: stop.signal }));
    stop.abort();
    assert.equal(await stopping, null);
    const interrupt = new AbortController();
    const early = waitFor({
      platformReady: never,
      interrupted: interrupt.signal,
      meanwhile: () => {
        interrupt.abort(new Error('SIGINT'));
        return Promise.resolve();
      },
    });
    await assert.rejects(untilPlatform(early), /SIGINT/);
    const late = new AbortController();
    const waiting = untilPlatform(
      waitFor({ platformReady: never, limitMs: 60_000, interrupted: late.signal }),
    );
    late.abort(new Error('SIGTERM'));
    await assert.rejects(waiting, /SIGTERM/);
  },
);
