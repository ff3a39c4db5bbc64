import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../../../host/_testing/variable.ts';
import { nodeSpec } from '../nodes/addressing.ts';
import { startStaticPod, staticPodManifest, staticPodRemoval, stopStaticPod } from './static-pods.ts';

const NODE = nodeSpec('local-small', 'control-1');

test('stopping moves the manifest aside, starting moves it back; repeating either changes nothing', async (context) => {
  emptyFolderIn(context, 'PLUMBLINE_STATE');
  const manifest = staticPodManifest(NODE, 'etcd');
  mkdirSync(dirname(manifest), { recursive: true });
  writeFileSync(manifest, 'kind: Pod\n');
  const announced = staticPodRemoval(NODE, 'etcd');
  assert.deepEqual(await stopStaticPod(NODE, 'etcd'), announced);
  await stopStaticPod(NODE, 'etcd');
  assert.deepEqual([existsSync(announced.from), existsSync(announced.to)], [false, true]);
  await startStaticPod(announced);
  await startStaticPod(announced);
  assert.deepEqual([existsSync(announced.from), existsSync(announced.to)], [true, false]);
  await assert.rejects(stopStaticPod(NODE, 'kube-scheduler'), /ENOENT/);
});
