import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { certificateFor } from '../../../../host/_testing/certificate.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { observe } from './observe.ts';

/** What is recorded of the certificate of a server of this machine. @param authority what the runner says of the kubeconfig's */
async function recordedOf(
  trust: 'system' | 'cluster',
  authority?: { pem: string | null; skipsVerification: boolean },
  name = 'system:node:a',
): Promise<Record<string, unknown>[]> {
  const own = await certificateFor(name);
  const server = createServer(own, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const seen: Record<string, unknown>[] = [];
  const { port } = server.address() as AddressInfo;
  const context = {
    settings: { certificates: [{ name: 'own', host: '127.0.0.1', port, trust }] },
    signal: new AbortController().signal,
    timeoutMs: () => 5000,
    step: (_title: string, work: () => unknown) => work(),
    record: (kind: string, fields: Record<string, unknown>) => kind === 'certificate' && seen.push(fields),
    runner: { call: () => Promise.resolve(authority) },
    cluster: {
      items: () => Promise.resolve([]),
      raw: () => Promise.resolve({ status: 200, body: '{"gitVersion":"v1.37.2"}' }),
    },
  };
  try {
    await observe(context as unknown as CheckContext);
  } finally {
    server.close();
  }
  return seen;
}

test('should record for whom a certificate was issued, and from when it is valid', async () => {
  const seen = await recordedOf('system');
  const [one] = seen;
  assert.deepEqual([seen.length, one?.['issuedTo']], [1, 'system:node:a']);
  const lifetimeMs = Date.parse(String(one?.['validTo'])) - Date.parse(String(one?.['validFrom']));
  assert.equal(lifetimeMs / 86_400_000, 40, 'as the certificate of the test has it');
  const [other] = await recordedOf('system', undefined, 'a@1764000000');
  assert.equal(other?.['issuedTo'], null, 'which decides nothing');
});

test('should hold a certificate to no authority where the kubeconfig verifies none', async () => {
  const [unverified] = await recordedOf('cluster', { pem: null, skipsVerification: true });
  assert.deepEqual([unverified?.['validTo'], unverified?.['chainOk']], [null, null]);
  assert.match(String(unverified?.['detail']), /does not verify the API server \(insecure-skip-tls-verify\)/);
  const [publicly] = await recordedOf('cluster', { pem: null, skipsVerification: false });
  assert.equal(publicly?.['chainOk'], false, 'it is held to the public authorities');
});
