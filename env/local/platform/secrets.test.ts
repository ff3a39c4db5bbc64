import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureSecrets, secretsFile } from './secrets.ts';

test('should generate distinct passwords once, readable only by the owner', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-secrets-'));
  try {
    const first = await ensureSecrets(folder, ['tender', 'plumbline']);
    assert.equal(new Set(Object.values(first)).size, 2);
    assert.equal((await stat(secretsFile(folder))).mode & 0o777, 0o600);
    assert.deepEqual(await ensureSecrets(folder, ['tender', 'plumbline']), first);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('should keep existing passwords, also those of stores that are left out this time, and add missing ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-secrets-'));
  try {
    await writeFile(secretsFile(folder), JSON.stringify({ tender: 'kept', neo4j: 'of another store' }));
    const secrets = await ensureSecrets(folder, ['tender', 'plumbline']);
    assert.deepEqual([Object.keys(secrets), secrets.tender], [['tender', 'plumbline'], 'kept']);
    assert.ok(secrets.plumbline.length >= 32);
    assert.deepEqual(await ensureSecrets(folder, ['neo4j']), { neo4j: 'of another store' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('should generate no password that begins with a hyphen', async (t) => {
  const stateDir = await mkdtemp(join(tmpdir(), 'plumbline-secrets-'));
  t.after(() => rm(stateDir, { recursive: true }));
  const names = Array.from({ length: 1_000 }, (_, n) => `password-${n}`);
  const passwords: string[] = Object.values(await ensureSecrets(stateDir, names));
  assert.deepEqual(
    passwords.filter((one) => one.startsWith('-')),
    [],
  );
});
