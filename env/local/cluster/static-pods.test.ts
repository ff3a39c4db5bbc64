import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { nodeSpec } from '../nodes/addressing.ts';
import { startStaticPod, staticPodManifest, staticPodRemoval, stopStaticPod } from './static-pods.ts';

const NODE = nodeSpec('local-small', 'control-1');

test('stopping moves the manifest aside, starting moves it back; repeating either changes nothing', async (context) => {
  const before = process.env['PLUMBLINE_STATE'];
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-pods-'));
  process.env['PLUMBLINE_STATE'] = dir;
  context.after(() => {
    if (before === undefined) delete process.env['PLUMBLINE_STATE'];
    else process.env['PLUMBLINE_STATE'] = before;
    rmSync(dir, { recursive: true });
  });
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
