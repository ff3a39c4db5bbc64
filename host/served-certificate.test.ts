import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { certificateFor, certificateOfIntermediate } from './_testing/certificate.ts';
import { servedCertificate } from './served-certificate.ts';

type Trusted = { pem: string } | 'system' | undefined;

/** What is seen of a server with this certificate. */
async function seenOf(
  own: { key: string; cert: string },
  look: (
    served: (serverName: string, trusted: Trusted) => ReturnType<typeof servedCertificate>,
  ) => Promise<void>,
): Promise<void> {
  const server = createServer(own, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const limits = { timeoutMs: 5000, signal: new AbortController().signal };
  try {
    await look((serverName, trusted) =>
      servedCertificate({ host: '127.0.0.1', port, serverName, trusted }, limits),
    );
  } finally {
    server.close();
  }
}

test('false verdict 12: a certificate is held against the declared authority and the name that is asked for', async () => {
  const own = await certificateFor('right.test');
  await seenOf(own, async (look) => {
    const served = async (serverName: string, trusted: Trusted) => {
      const seen = await look(serverName, trusted);
      assert.ok(seen.validTo !== null, seen.detail);
      assert.equal(seen.issuedTo, 'right.test');
      return [seen.chainOk, seen.nameOk];
    };
    assert.deepEqual(await served('right.test', { pem: own.cert }), [true, true]);
    assert.deepEqual(await served('other.test', { pem: own.cert }), [true, false]);
    assert.deepEqual(await served('right.test', 'system'), [false, true]);
    assert.deepEqual(await served('right.test', undefined), [null, null], 'nobody declared whose it must be');
  });
});

test('should tell the certificates that are sent behind one, and none that only this machine knows', async () => {
  const { intermediate, ...own } = await certificateOfIntermediate('right.test');
  const { cert: root } = await certificateFor('old root');
  await seenOf({ ...own, cert: `${own.cert}${intermediate}${root}` }, async (look) => {
    const { chain } = await look('right.test', { pem: intermediate });
    assert.deepEqual(
      chain.map(({ issuedTo }) => issuedTo),
      ['intermediate', 'old root'],
    );
    for (const { validTo } of chain) assert.ok(Date.parse(validTo) > Date.now() + 39 * 86_400_000);
  });
  await seenOf(own, async (look) => {
    assert.deepEqual((await look('right.test', { pem: intermediate })).chain, []);
  });
});

test('should take an intermediate certificate for an authority where it is declared', async () => {
  const { intermediate, ...own } = await certificateOfIntermediate('right.test');
  const { cert: other } = await certificateFor('other.test');
  await seenOf(own, async (look) => {
    const { chainOk, nameOk, detail } = await look('right.test', { pem: intermediate });
    assert.deepEqual([chainOk, nameOk, detail], [true, true, 'signed by intermediate']);
    assert.equal((await look('right.test', { pem: other })).chainOk, false);
  });
});
