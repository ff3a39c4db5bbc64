/** Services of the small embedded environment: lost, seen to be lost, and given back. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { readStamp, status, up } from '../../env/local/index.ts';
import { nodeSpec } from '../../env/local/nodes/index.ts';
import { run } from '../../host/run.ts';
import { serviceTrouble } from '../../env/local/machine/services.ts';
import { INSTANCE, provisioned } from './_helpers/instance.ts';

const NODE = nodeSpec(INSTANCE, 'worker-3');
/** What a second `env up` may take longer for looking at Services. */
const LOOK_MS = 2_000;

before(async () => {
  await provisioned(['postgres']);
});

test('finds Services on every node of a healthy environment, and soon', async () => {
  const began = performance.now();
  assert.deepEqual((await status({ instance: INSTANCE })).services, []);
  const tookMs = performance.now() - began;
  const looked = performance.now();
  assert.deepEqual(await serviceTrouble(INSTANCE, [NODE]), []);
  assert.ok(performance.now() - looked < LOOK_MS, `${Math.round(tookMs)} ms for the whole status`);
});

test('false verdict 26: an environment whose Services are gone is not up, and env up gives them back', async () => {
  const nft = ['nsenter', `--net=/run/netns/${NODE.netns}`, '--', 'nft'];
  await run([...nft, 'delete', 'table', 'ip', 'kube-proxy'], { timeoutMs: 5_000 });
  const lost = await status({ instance: INSTANCE });
  assert.equal(lost.state, 'partial');
  assert.match(lost.services.join(), /^from worker-3, the API server's Service .* accepts no connection/);
  const stamp = readStamp(INSTANCE);
  assert.ok(stamp !== null);
  const again = await up({ instance: INSTANCE, size: stamp.size });
  await again.platformReady;
  assert.equal(again.created, false, 'repaired, not provisioned from nothing');
  const found = await status({ instance: INSTANCE });
  assert.deepEqual([found.state, found.services], ['up', []]);
});
