import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

test('should hold in Python what service_test.py says of it', () => {
  const service = join(import.meta.dirname, 'service');
  const ran = spawnSync('python3', ['-B', '-m', 'unittest', 'service_test'], {
    cwd: service,
    encoding: 'utf8',
  });
  assert.equal(ran.status, 0, `${ran.error?.message ?? ''}${ran.stderr}`);
});
