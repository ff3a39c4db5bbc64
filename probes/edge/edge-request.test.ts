import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { certificateFor } from '../../host/_testing/certificate.ts';
import type { Application } from '../application/declaration.ts';
import type { Edge } from './declaration.ts';
import { throughTheEdge, trusted } from './edge-request.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-trust-'));
after(() => rmSync(folder, { recursive: true }));
const { cert, key } = await certificateFor('logs.example.com');

function trusting(content: string | Buffer): ReturnType<typeof trusted> {
  const file = join(folder, 'ca.pem');
  writeFileSync(file, content);
  return trusted({ file });
}

test('should take authorities from a file, also of several and with words before them', async () => {
  for (const pem of [cert, `the authority of our logs\n${cert}`, `${cert}${cert}`, `${key}${cert}`])
    assert.deepEqual(await trusting(pem), { pem });
  assert.deepEqual(await trusted('system'), { pem: undefined });
});

test('should say of a file without a certificate that it has none, instead of trusting nobody', async () => {
  const der = Buffer.from(cert.replaceAll(/-----.+-----|\n/g, ''), 'base64');
  const torn = cert.replace(/\n.{20}/, '\n');
  for (const content of ['', '<html>Sign in</html>', key, der, torn])
    assert.deepEqual(await trusting(content), {
      unavailable: `${join(folder, 'ca.pem')}: it holds no certificate in PEM`,
    });
  const missing = await trusted({ file: join(folder, 'none') });
  assert.match('unavailable' in missing ? missing.unavailable : '', /none: ENOENT/);
});

test('should read a header in several lines as a whole, and the id once where a gateway repeats it as well', async () => {
  const server = createServer((request, response) => {
    const id = request.headers['x-id'];
    const lines = { via: ['1.1 kong/3.9.1', '1.1 google'], 'x-id': [String(id), String(id)] };
    response.writeHead(200, lines).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const edge = {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, trust: 'system' },
    hops: [{ name: 'load balancer', header: 'Via', contains: 'google' }],
  } as Edge;
  const application = {
    ...{ follow: { echo: 'x-id' }, proof: 'echo', canaries: { prefix: 'Canary ' } },
    requests: { look: { method: 'GET', path: '/', status: [200], expects: [] } },
  } as unknown as Application;
  try {
    const how = { correlationId: 'c1', ca: undefined, timeoutMs: 5_000, signal: AbortSignal.timeout(5_000) };
    const { ok, correlationIdSeen, headers } = await throughTheEdge({ edge, application }, how);
    assert.deepEqual([ok, correlationIdSeen], [true, 'c1']);
    assert.deepEqual(headers, { via: '1.1 kong/3.9.1, 1.1 google' });
  } finally {
    server.close();
  }
});
