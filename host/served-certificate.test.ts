import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { certificateFor } from './_testing/certificate.ts';
import { servedCertificate } from './served-certificate.ts';

test('false verdict 12: a certificate is held against the declared authority and the name that is asked for', async () => {
  const own = await certificateFor('right.test');
  const server = createServer(own, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const served = async (serverName: string, trusted: { pem: string } | 'system' | undefined) => {
      const limits = { timeoutMs: 5000, signal: new AbortController().signal };
      const seen = await servedCertificate({ host: '127.0.0.1', port, serverName, trusted }, limits);
      assert.ok(seen.validTo !== null, seen.detail);
      assert.equal(seen.issuedTo, 'right.test');
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
