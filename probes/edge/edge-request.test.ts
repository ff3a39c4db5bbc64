import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import type { TestContext } from 'node:test';
import { certificateFor } from '../../host/_testing/certificate.ts';
import type { Application } from '../application/declaration.ts';
import type { Identity } from '../application/identity.ts';
import type { Edge } from './declaration.ts';
import { throughTheEdge, trusted } from './edge-request.ts';
import type { EdgeAnswer, EdgeLook } from './edge-request.ts';

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
    const lines = {
      via: ['1.1 kong/3.9.1', '1.1 google'],
      'x-id': [String(id), String(id)],
      'x-pod': 'bids-1',
    };
    response.writeHead(200, lines).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const edge = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    trust: 'system',
    hops: [{ name: 'load balancer', header: 'Via', contains: 'google' }],
  } as Edge;
  const application = {
    follow: { echo: 'x-id' },
    proof: 'echo',
    servedBy: 'X-Pod',
    canaries: { prefix: 'Canary ' },
    requests: { look: { method: 'GET', path: '/', status: [200], expects: [] } },
  } as unknown as Application;
  try {
    const how = { correlationId: 'c1', ca: undefined, timeoutMs: 5_000, signal: AbortSignal.timeout(5_000) };
    const { ok, correlationIdSeen, headers } = await throughTheEdge({ edge, application }, how);
    assert.deepEqual([ok, correlationIdSeen], [true, 'c1']);
    assert.deepEqual(headers, { via: '1.1 kong/3.9.1, 1.1 google', 'x-pod': 'bids-1' });
  } finally {
    server.close();
  }
});

describe('credentials', () => {
  const NAME = 'logs.example.com';

  /** Asks an edge that shows the certificate of NAME, with an API key unless `more` says otherwise. */
  async function looked(
    context: TestContext,
    { name = NAME, answer = (_, response) => response.end() }: { name?: string; answer?: RequestListener },
    more: Partial<EdgeLook>,
  ): Promise<{ seen: IncomingHttpHeaders[]; refused: number; found: EdgeAnswer | Error }> {
    const seen: IncomingHttpHeaders[] = [];
    const server = createTlsServer({ cert, key }, (request, response) => {
      seen.push(request.headers);
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    context.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const edge = { url: `https://${name}`, address, trust: 'system', hops: [] } as unknown as Edge;
    const application = {
      follow: 'none',
      proof: 'none',
      canaries: { prefix: 'Canary ' },
      requests: { look: { method: 'GET', path: '/', status: [200], expects: [] } },
    } as unknown as Application;
    let refused = 0;
    const identity: Identity = { headers: () => ({ 'x-api-key': 's3cret' }), refused: () => refused++ };
    const how = {
      correlationId: 'c1',
      ca: undefined,
      timeoutMs: 5_000,
      signal: AbortSignal.timeout(10_000),
      identity,
      ...more,
    };
    const found = await throughTheEdge({ edge, application }, how).catch((error: unknown) => error as Error);
    return { seen, refused, found };
  }

  it('should be shown to a server whose certificate is accepted', async (context) => {
    const { seen, found } = await looked(context, {}, { ca: cert });
    assert.deepEqual(
      seen.map((one) => one['x-api-key']),
      ['s3cret'],
    );
    assert.ok('authorized' in found);
    assert.deepEqual([found.ok, found.authorized, found.withheld], [true, true, undefined]);
  });

  it('should be shown to nobody else: neither of another authority, nor of another name', async (context) => {
    const answer: RequestListener = (_, response) => response.writeHead(401).end();
    for (const [name, ca, tlsError] of [
      [NAME, undefined, /SELF_SIGNED/],
      ['shop.example.com', cert, /ALTNAME/],
    ] as const) {
      const { seen, refused, found } = await looked(context, { name, answer }, { ca });
      assert.equal(seen.length, 1);
      assert.doesNotMatch(JSON.stringify(seen), /s3cret/);
      assert.ok('authorized' in found);
      assert.deepEqual([found.status, found.authorized, found.withheld], [401, false, true]);
      assert.match(found.tlsError, tlsError);
      assert.equal(refused, 0, 'a stranger has no say in whether they are renewed');
    }
  });

  it('should not be missed where there are none', async (context) => {
    const { seen, found } = await looked(context, {}, { identity: undefined });
    assert.equal(seen.length, 1);
    assert.ok('authorized' in found);
    assert.deepEqual([found.ok, found.authorized, found.withheld], [true, false, undefined]);
  });

  it('should not be said to be withheld where something else than the certificate is wrong', async (context) => {
    const answer: RequestListener = ({ headers, socket }, response) =>
      headers['x-api-key'] === undefined ? response.end() : socket.destroy();
    const { found } = await looked(context, { answer }, { ca: cert });
    assert.ok(found instanceof Error);
    assert.match(found.message, /no answer from 127\.0\.0\.1:\d+ .*ECONNRESET/);
  });
});
