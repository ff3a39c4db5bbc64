import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { servedCertificate } from './tls.ts';

/** Signed by itself, for `right.test`. */
async function certificate(): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=right.test', '-addext', 'subjectAltName=DNS:right.test'];
  try {
    const files = ['-keyout', key, '-out', cert];
    await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...files, '-days', '40', ...names]);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('false verdict 12: a certificate is held against the declared authority and the name that is asked for', async () => {
  const own = await certificate();
  const server = createServer(own, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const served = async (serverName: string, trusted: { pem: string } | 'system' | undefined) => {
      const limits = { timeoutMs: 5000, signal: new AbortController().signal };
      const seen = await servedCertificate({ host: '127.0.0.1', port, serverName, trusted }, limits);
      assert.ok(seen.validTo !== null, seen.detail);
      return [seen.chainOk, seen.nameOk];
    };
    assert.deepEqual(await served('right.test', { pem: own.cert }), [true, true]);
    assert.deepEqual(await served('other.test', { pem: own.cert }), [true, false]);
    assert.deepEqual(await served('right.test', 'system'), [false, true]);
    assert.deepEqual(await served('right.test', undefined), [null, null], 'nobody declared whose it must be');
  } finally {
    server.close();
  }
});
