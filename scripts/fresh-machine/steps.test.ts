import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { stepsFor } from './steps.ts';

const TRIED = { env: 'local-small', words: 'postgres', archive: true };

test('every step is a script that bash understands, with a name of its own', () => {
  const steps = stepsFor(TRIED);
  assert.equal(new Set(steps.map(({ name }) => name)).size, steps.length);
  for (const { name, script } of steps) {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
    assert.deepEqual([name, status, stderr], [name, 0, '']);
  }
});

test('what cannot be removed is never taken for a machine that is as before', () => {
  for (const { name, script } of stepsFor(TRIED).filter(({ name: one }) => ['down', 'killed'].includes(one)))
    assert.match(script, /env down --env local-small \|\| exit 1\n.*diff -u \S+\/before\.txt/, name);
});

test('an archive is unpacked only where one was brought', () => {
  const names = stepsFor({ ...TRIED, archive: false }).map(({ name }) => name);
  assert.ok(!names.includes('unpack') && names.includes('up'));
});
