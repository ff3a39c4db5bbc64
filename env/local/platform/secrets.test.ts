import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureSecrets, SECRET_NAMES, secretsFile } from './secrets.ts';

test('should generate distinct passwords once, readable only by the owner', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-secrets-'));
  try {
    const first = await ensureSecrets(folder);
    assert.equal(new Set(Object.values(first)).size, SECRET_NAMES.length);
    assert.equal((await stat(secretsFile(folder))).mode & 0o777, 0o600);
    assert.deepEqual(await ensureSecrets(folder), first);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('should keep existing passwords and add missing ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-secrets-'));
  try {
    await writeFile(secretsFile(folder), JSON.stringify({ tender: 'kept' }));
    const secrets = await ensureSecrets(folder);
    assert.equal(secrets.tender, 'kept');
    assert.ok(secrets.plumbline.length >= 32);
  } finally {
    await rm(folder, { recursive: true });
  }
});
