import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KillSwitchError } from '../errors.ts';
import { KillSwitch } from './kill-switch.ts';
import { TestApi } from '../_testing/api.ts';
import { clockAhead } from '../_testing/clock.ts';

const PATH = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-stop';

async function follow(
  api: TestApi,
): Promise<{ killSwitch: KillSwitch; stopped: Promise<{ reason: string; afterMs: number }> }> {
  const { promise, resolve } = Promise.withResolvers<{ reason: string; afterMs: number }>();
  let startMs = performance.now();
  const onStop = (reason: string): void => resolve({ reason, afterMs: performance.now() - startMs });
  const killSwitch = await KillSwitch.follow({ kube: api.call, namespace: 'plumbline-system', onStop });
  startMs = performance.now();
  return { killSwitch, stopped: promise };
}

/** Each has an API and a kill switch of its own and mostly waits. */
describe('the kill switch', { concurrency: true }, () => {
  test('stops within 2 s of the kill switch being set, and allows nothing from then on', async () => {
    const api = new TestApi();
    const { killSwitch, stopped } = await follow(api);
    await killSwitch.confirm();
    api.put(PATH, { data: { reason: 'maintenance' } });
    const { reason, afterMs } = await stopped;
    assert.match(reason, /is set \("maintenance"\)/);
    assert.ok(afterMs < 2000, `${afterMs} ms`);
    await assert.rejects(killSwitch.confirm(), KillSwitchError);
    await killSwitch.close();
  });

  test('quotes a reason on one line, without commands to a terminal', async () => {
    const api = new TestApi();
    api.put(PATH, { data: { reason: 'maintenance\n\u001b[2K\u2713 met' } });
    await assert.rejects(follow(api), /is set \("maintenance \ufffd\[2K\u2713 met"\)/);
  });

  test('lets nothing begin where it may not be read', async () => {
    const kube = () => Promise.resolve({ status: 403, body: {} });
    const following = KillSwitch.follow({ kube, namespace: 'plumbline-system', onStop: () => undefined });
    await assert.rejects(following, /cannot be read: the API server answered 403/);
  });

  test('stops 2 s after the kill switch began to be refused', async () => {
    const api = new TestApi();
    const { killSwitch, stopped } = await follow(api);
    api.down = true;
    const { reason, afterMs } = await stopped;
    assert.match(reason, /could not be read for \d+ ms: connect ECONNREFUSED/);
    assert.ok(afterMs < 2600, `${afterMs} ms`);
    await killSwitch.close();
  });

  test('bears a slow answer, but lets no action begin on an old reading', async () => {
    const api = new TestApi();
    let slow: Promise<unknown> | null = null;
    const kube: TestApi['call'] = async (request) => {
      await slow;
      return api.call(request);
    };
    const killSwitch = await KillSwitch.follow({
      kube,
      namespace: 'plumbline-system',
      onStop: () => assert.fail('stopped'),
    });
    const { promise, resolve: answer } = Promise.withResolvers();
    slow = promise;
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    setTimeout(() => answer(undefined), 100);
    const askedMs = performance.now();
    await killSwitch.confirm();
    assert.ok(performance.now() - askedMs > 50, 'waited for a fresh reading');
    await killSwitch.close();
  });

  test('refuses to start when the kill switch is set or cannot be read', async () => {
    const api = new TestApi();
    api.put(PATH, {});
    await assert.rejects(follow(api), /is set; delete the ConfigMap to continue/);
    api.objects.clear();
    api.down = true;
    await assert.rejects(follow(api), /cannot be read/);
  });

  test('an action on the control plane itself may keep it from being read for a while', async () => {
    const api = new TestApi();
    const { killSwitch } = await follow(api);
    killSwitch.allowGap(60_000);
    api.down = true;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await killSwitch.confirm();
    await killSwitch.close();
  });

  test('once the API server was given back and has answered, its silence counts again', async () => {
    const api = new TestApi();
    const { killSwitch, stopped } = await follow(api);
    killSwitch.allowGap(60_000);
    api.down = true;
    killSwitch.endGap();
    // It takes a while to start: longer than a kill switch may be refused.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await killSwitch.confirm();
    api.down = false;
    await killSwitch.confirm();
    api.down = true;
    assert.match((await stopped).reason, /could not be read/);
    await assert.rejects(killSwitch.confirm(), KillSwitchError);
    await killSwitch.close();
  });
});

test('refuses an action, and stops nothing, where each answer takes longer than a reading may be old', async (t) => {
  let aheadSeconds = 0;
  clockAhead(t, () => aheadSeconds);
  const api = new TestApi();
  let slow = false;
  let answers = 0;
  const kube: TestApi['call'] = async (request) => {
    if (!slow) return api.call(request);
    aheadSeconds += 2.5;
    // Ends a wait that has no end of its own.
    return ++answers < 20 ? api.call(request) : { status: 200, body: {} };
  };
  const stops: string[] = [];
  const onStop = (reason: string): void => void stops.push(reason);
  const killSwitch = await KillSwitch.follow({ kube, namespace: 'plumbline-system', onStop });
  slow = true;
  aheadSeconds = 3;
  await assert.rejects(
    killSwitch.confirm(),
    (error) => error instanceof KillSwitchError && /the API server answers too slowly/.test(error.message),
  );
  assert.deepEqual(stops, []);
  await killSwitch.close();
});

test('refuses at its end whoever still waits for a reading, and stops nothing any more', async (t) => {
  const given = [
    [() => Promise.reject(new Error('aborted')), /not read any more, since the run has ended/],
    [() => Promise.resolve({ status: 200, body: {} }), /it is set/],
  ] as const;
  for (const [cutOff, said] of given) {
    let aheadSeconds = 0;
    clockAhead(t, () => aheadSeconds);
    const api = new TestApi();
    let silent = false;
    let late = 0;
    const kube: TestApi['call'] = async (request) => {
      if (!silent) return api.call(request);
      // Ends a wait that has no end of its own.
      if (request.signal?.aborted === true && ++late > 20) return { status: 404, body: {} };
      if (request.signal?.aborted === false)
        await new Promise((resolve) => request.signal?.addEventListener('abort', resolve, { once: true }));
      return cutOff();
    };
    const killSwitch = await KillSwitch.follow({
      kube,
      namespace: 'plumbline-system',
      onStop: () => assert.fail('stopped'),
    });
    silent = true;
    aheadSeconds = 3;
    const refused = assert.rejects(
      killSwitch.confirm(),
      (error) => error instanceof KillSwitchError && said.test(error.message),
    );
    await killSwitch.close();
    await refused;
    t.mock.restoreAll();
  }
});

test('says what its readings waited for when it stops for their silence', async (t) => {
  let aheadSeconds = 0;
  clockAhead(t, () => aheadSeconds);
  const api = new TestApi();
  let silent = false;
  const kube: TestApi['call'] = (request) => {
    if (!silent) return api.call(request);
    aheadSeconds += 5;
    return Promise.reject(new Error('`aws eks get-token` gives no credentials: it has not ended in time'));
  };
  const stopped = Promise.withResolvers<string>();
  const killSwitch = await KillSwitch.follow({
    kube,
    namespace: 'plumbline-system',
    onStop: stopped.resolve,
  });
  silent = true;
  assert.match(
    await stopped.promise,
    /could not be read for \d+ ms: `aws eks get-token` gives no credentials/,
  );
  await killSwitch.close();
});
