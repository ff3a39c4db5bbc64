import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureEdgeCertificate, isUsable } from './certificate.ts';
import { named, objectsWith } from '../_testing/platform.ts';
import { edgeFiles, renderEdge } from './haproxy.ts';

const ADDRESS = '198.18.0.2';

test('should send to every node given and drop marks that a client brought', () => {
  const text = renderEdge(ADDRESS, edgeFiles('/state'), [
    { name: 'worker-1', address: '198.18.0.20' },
    { name: 'worker-2', address: '198.18.0.21' },
  ]);
  assert.match(text, /bind 198\.18\.0\.2:443 ssl crt \/state\/edge\/server\.pem/);
  assert.deepEqual(text.match(/server \S+ \S+:\d+/g), [
    'server worker-1 198.18.0.20:30080',
    'server worker-2 198.18.0.21:30080',
  ]);
  const { ports } = named(objectsWith(['postgres']), 'Service', 'traefik')?.['spec'] as {
    ports: { nodePort: number }[];
  };
  assert.deepEqual(
    ports.map(({ nodePort }) => nodePort),
    [30_080],
  );
  for (const hop of ['haproxy', 'traefik', 'gateway'])
    assert.match(text, new RegExp(`del-header x-plumbline-hop-${hop}`));
  assert.ok(text.indexOf('del-header') < text.indexOf('set-header x-plumbline-hop-haproxy'));
});

test('should make a certificate for the address, signed by the own authority, and keep it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-edge-'));
  try {
    const files = await ensureEdgeCertificate(folder, ADDRESS);
    const [authority, server] = await Promise.all(
      [files.caCertificate, files.serverPem].map(async (path) => new X509Certificate(await readFile(path))),
    );
    assert.ok(
      server?.checkIssued(authority as X509Certificate) === true &&
        server.verify((authority as X509Certificate).publicKey),
    );
    assert.equal(server.checkIP(ADDRESS), ADDRESS);
    assert.ok(Date.parse(server.validTo) - Date.now() > 365 * 86_400_000);
    assert.equal((await stat(files.serverPem)).mode & 0o777, 0o600);
    assert.equal((await stat(files.caKey)).mode & 0o777, 0o600);
    await ensureEdgeCertificate(folder, ADDRESS);
    assert.equal(new X509Certificate(await readFile(files.serverPem)).serialNumber, server.serialNumber);
    assert.equal(await isUsable(files.serverPem, '198.19.0.2'), false);
    assert.equal(await isUsable(files.serverPem, ADDRESS, Date.now() + 500 * 86_400_000), false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
