import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureCertificate, isUsable } from './certificate.ts';

const SUBJECT = {
  authority: 'an authority',
  names: ['one.test', 'two.test'],
  addresses: ['198.18.0.2'],
} as const;

test('should make a certificate for its names and addresses, signed by the own authority, and keep it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-certificate-'));
  try {
    const files = await ensureCertificate(folder, SUBJECT);
    const [authority, server] = await Promise.all(
      [files.caCertificate, files.serverPem].map(async (path) => new X509Certificate(await readFile(path))),
    );
    assert.ok(
      server?.checkIssued(authority as X509Certificate) === true &&
        server.verify((authority as X509Certificate).publicKey),
    );
    assert.equal(server.checkIP('198.18.0.2'), '198.18.0.2');
    for (const name of SUBJECT.names) assert.equal(server.checkHost(name), name);
    assert.match(authority?.subject ?? '', /CN=an authority/);
    assert.ok(Date.parse(server.validTo) - Date.now() > 365 * 86_400_000);
    assert.equal((await stat(files.serverPem)).mode & 0o777, 0o600);
    assert.equal((await stat(files.caKey)).mode & 0o777, 0o600);
    await ensureCertificate(folder, SUBJECT);
    assert.equal(new X509Certificate(await readFile(files.serverPem)).serialNumber, server.serialNumber);
    assert.equal(await isUsable(files.serverPem, { ...SUBJECT, addresses: ['198.19.0.2'] }), false);
    assert.equal(await isUsable(files.serverPem, { ...SUBJECT, names: ['other.test'] }), false);
    assert.equal(await isUsable(files.serverPem, SUBJECT, Date.now() + 500 * 86_400_000), false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
