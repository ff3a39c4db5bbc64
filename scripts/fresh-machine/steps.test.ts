import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stepsFor } from './steps.ts';

const TRIED = { env: 'local-small', words: 'postgres', archive: true };

test('every step has a valid bash script and a unique name', () => {
  const steps = stepsFor(TRIED);
  assert.equal(new Set(steps.map(({ name }) => name)).size, steps.length);
  for (const { name, script } of steps) {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
    assert.deepEqual([name, status, stderr], [name, 0, '']);
  }
});

test('a failed removal is never taken for an unchanged machine', () => {
  for (const { name, script } of stepsFor(TRIED).filter(({ name: one }) => ['down', 'killed'].includes(one)))
    assert.match(script, /env down --env local-small \|\| exit 1\n.*diff -u \S+\/before\.txt/, name);
});

test('an archive is unpacked only if one was copied', () => {
  const names = stepsFor({ ...TRIED, archive: false }).map(({ name }) => name);
  assert.ok(!names.includes('unpack') && names.includes('up'));
});

test('a leftover process of an environment is detected', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-look-'));
  const standIn = join(folder, 'kubelet-standin');
  copyFileSync('/bin/sleep', standIn);
  const left = spawn(standIn, ['60']);
  await once(left, 'spawn');
  try {
    const { stdout } = spawnSync('bash', [join(import.meta.dirname, 'look.sh')], { encoding: 'utf8' });
    assert.match(stdout, /^## processes\n(?:.*\n)*kubelet-standin$/m);
  } finally {
    left.kill();
    rmSync(folder, { recursive: true });
  }
});
