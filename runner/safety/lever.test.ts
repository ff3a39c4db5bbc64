import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LeverError } from './errors.ts';
import { Lever } from './lever.ts';
import { TestApi } from './_testing/api.ts';

const PATH = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-stop';

async function follow(
  api: TestApi,
): Promise<{ lever: Lever; stopped: Promise<{ reason: string; afterMs: number }> }> {
  const { promise, resolve } = Promise.withResolvers<{ reason: string; afterMs: number }>();
  let startMs = performance.now();
  const onStop = (reason: string): void => resolve({ reason, afterMs: performance.now() - startMs });
  const lever = await Lever.follow({ kube: api.call, namespace: 'plumbline-system', onStop });
  startMs = performance.now();
  return { lever, stopped: promise };
}

/** Each has an API and a lever of its own and mostly waits. */
describe('the lever', { concurrency: true }, () => {
  test('stops within 2 s of the lever being set, and allows nothing from then on', async () => {
    const api = new TestApi();
    const { lever, stopped } = await follow(api);
    await lever.confirm();
    api.put(PATH, { data: { reason: 'maintenance' } });
    const { reason, afterMs } = await stopped;
    assert.match(reason, /is set \("maintenance"\)/);
    assert.ok(afterMs < 2000, `${afterMs} ms`);
    await assert.rejects(lever.confirm(), LeverError);
    await lever.close();
  });

  test('stops 2 s after the lever began to be refused', async () => {
    const api = new TestApi();
    const { lever, stopped } = await follow(api);
    api.down = true;
    const { reason, afterMs } = await stopped;
    assert.match(reason, /could not be read for \d+ ms: connect ECONNREFUSED/);
    assert.ok(afterMs < 2600, `${afterMs} ms`);
    await lever.close();
  });

  test('bears a slow answer, but lets no action begin on an old reading', async () => {
    const api = new TestApi();
    let slow: Promise<unknown> | null = null;
    const kube: TestApi['call'] = async (request) => {
      await slow;
      return api.call(request);
    };
    const lever = await Lever.follow({
      kube,
      namespace: 'plumbline-system',
      onStop: () => assert.fail('stopped'),
    });
    const { promise, resolve: answer } = Promise.withResolvers();
    slow = promise;
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    setTimeout(() => answer(undefined), 100);
    const askedMs = performance.now();
    await lever.confirm();
    assert.ok(performance.now() - askedMs > 50, 'waited for a fresh reading');
    await lever.close();
  });

  test('refuses to start when the lever is set or cannot be read', async () => {
    const api = new TestApi();
    api.put(PATH, {});
    await assert.rejects(follow(api), /is set; remove it to go on/);
    api.objects.clear();
    api.down = true;
    await assert.rejects(follow(api), /cannot be read/);
  });

  test('an action on the control plane itself may blind it for a while', async () => {
    const api = new TestApi();
    const { lever } = await follow(api);
    lever.allowBlindness(60_000);
    api.down = true;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await lever.confirm();
    await lever.close();
  });

  test('once the API server was given back and has answered, its silence counts again', async () => {
    const api = new TestApi();
    const { lever, stopped } = await follow(api);
    lever.allowBlindness(60_000);
    api.down = true;
    lever.endBlindness();
    // It takes a while to start: longer than a lever may be refused.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await lever.confirm();
    api.down = false;
    await lever.confirm();
    api.down = true;
    assert.match((await stopped).reason, /could not be read/);
    await assert.rejects(lever.confirm(), LeverError);
    await lever.close();
  });
});
