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
