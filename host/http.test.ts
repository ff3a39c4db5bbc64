import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { certificateFor, certificateOfIntermediate } from './_testing/certificate.ts';
import { connectProxy } from './_testing/connect-proxy.ts';
import { setVariable } from './_testing/variable.ts';
import { askOnce, HttpClient, HttpError } from './http.ts';
import type { HttpServer } from './http.ts';

const DEADLINE_MS = 2_000;

/** A server on the loopback interface for one test; returns its URL. */
async function serving(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function failed(part: Partial<HttpError>, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HttpError);
    assert.match(error.message, words);
    for (const [key, value] of Object.entries(part)) assert.equal(error[key as keyof HttpError], value);
    return true;
  };
}

test('should give status, headers and text, whatever the status is', async (t) => {
  const url = await serving(t, (_request, response) => {
    response.writeHead(418, { 'x-hop': 'kettle' }).end('short and stout');
  });
  const { status, headers, text } = await askOnce({ url }, { path: '/' }, { deadlineMs: DEADLINE_MS });
  assert.deepEqual([status, headers['x-hop'], text], [418, 'kettle', 'short and stout']);
});

test('should send path, method, body and the account, behind the base of the URL', async (t) => {
  const seen: unknown[] = [];
  const url = await serving(t, (request, response) => {
    request.on('data', (part: Buffer) => {
      const { method, url: path, headers } = request;
      seen.push(method, path, headers.authorization, part.toString());
    });
    request.on('end', () => response.end());
  });
  await askOnce(
    { url: `${url}/base/`, account: { user: 'ann', password: 'pass' } },
    { path: '/api?x=1', method: 'PUT', body: '{}', headers: { 'content-type': 'application/json' } },
    { deadlineMs: DEADLINE_MS },
  );
  const account = `Basic ${Buffer.from('ann:pass').toString('base64')}`;
  assert.deepEqual(seen, ['PUT', '/base/api?x=1', account, '{}']);
});

test('should connect to the address where one is given, and ask for the name in the URL', async (t) => {
  const hosts: (string | undefined)[] = [];
  const url = await serving(t, (request, response) => {
    hosts.push(request.headers.host);
    response.end();
  });
  const server = { url: 'http://grafana.example:3000', address: new URL(url).host };
  await askOnce(server, { path: '/' }, { deadlineMs: DEADLINE_MS });
  assert.deepEqual(hosts, ['grafana.example:3000']);
});

test('should keep its connection between questions, and end it with the answer where it asks once', async (t) => {
  const ports = new Set<number | undefined>();
  const url = await serving(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end();
  });
  const client = new HttpClient({ url });
  for (let n = 0; n < 6; n++) await client.ask({ path: '/' }, { deadlineMs: DEADLINE_MS });
  client.close();
  assert.equal(ports.size, 1);
  await client.ask({ path: '/' }, { deadlineMs: DEADLINE_MS });
  client.close();
  assert.equal(ports.size, 2, 'a client that was closed opens another');
  ports.clear();
  for (let n = 0; n < 3; n++) await askOnce({ url }, { path: '/' }, { deadlineMs: DEADLINE_MS });
  assert.equal(ports.size, 3);
});

test('should say that nothing came in time', async (t) => {
  const url = await serving(t, () => undefined);
  await assert.rejects(
    askOnce({ url }, { path: '/' }, { deadlineMs: 50 }),
    failed({ timedOut: true }, /^no answer within 50 ms$/),
  );
});

test('should refuse an answer that is too large', async (t) => {
  const url = await serving(t, (_request, response) => response.end('x'.repeat(2000)));
  await assert.rejects(
    askOnce({ url }, { path: '/' }, { deadlineMs: DEADLINE_MS, maxBytes: 1000 }),
    failed({ tooLarge: true }, /^the answer is longer than 1000 bytes$/),
  );
});

test('should say that the connection broke, in the middle of an answer too, with the code of a reset', async (t) => {
  const url = await serving(t, (request, response) => {
    if (request.url === '/middle') response.writeHead(200, { 'content-length': '100' }).write('begun');
    setImmediate(() => request.socket.destroy());
  });
  for (const path of ['/', '/middle'])
    await assert.rejects(askOnce({ url }, { path }, { deadlineMs: DEADLINE_MS }), (error) => {
      assert.ok(error instanceof HttpError);
      assert.match(error.message, /connection broke/);
      return (error.cause as { code?: string }).code === 'ECONNRESET';
    });
});

test('should name the errno where nothing listens', async () => {
  await assert.rejects(
    askOnce({ url: 'http://127.0.0.1:1' }, { path: '/' }, { deadlineMs: DEADLINE_MS }),
    failed({ timedOut: false }, /ECONNREFUSED/),
  );
});

test("should end with the reason of the caller's signal", async (t) => {
  const url = await serving(t, () => undefined);
  const ending = new AbortController();
  const asked = askOnce({ url }, { path: '/' }, { deadlineMs: DEADLINE_MS, signal: ending.signal });
  setTimeout(() => ending.abort(new Error('given up')), 20);
  await assert.rejects(asked, /given up/);
});

test('should hold a certificate against the authority and the name in the URL, or take any and say what it is worth', async (t) => {
  const own = await certificateFor('right.test');
  const server = createTlsServer(own, (_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (name: string, more: Partial<HttpServer>): ReturnType<typeof askOnce> =>
    askOnce({ url: `https://${name}:8443`, address, ...more }, { path: '/' }, { deadlineMs: DEADLINE_MS });
  const { text, tls } = await ask('right.test', { ca: own.cert });
  assert.deepEqual([text, tls], ['ok', { authorized: true, error: '' }]);
  await assert.rejects(ask('wrong.test', { ca: own.cert }), failed({}, /ERR_TLS_CERT_ALTNAME_INVALID/));
  await assert.rejects(ask('right.test', {}), failed({}, /DEPTH_ZERO_SELF_SIGNED_CERT/));
  const any = await ask('wrong.test', { anyCertificate: true });
  assert.equal(any.tls?.authorized, false);
  assert.match(any.tls.error, /SELF_SIGNED/);
});

test('should trust a declared authority that is an intermediate one, also through a proxy', async (t) => {
  const { key, cert, intermediate: ca } = await certificateOfIntermediate('prometheus.example.com');
  const server = createTlsServer({ key, cert }, (_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await connectProxy();
  t.after(() => {
    server.closeAllConnections();
    server.close();
    return proxy.close();
  });
  setVariables(t, { HTTPS_PROXY: proxy.url, NO_PROXY: '' });
  const { port } = server.address() as AddressInfo;
  const url = `https://prometheus.example.com:${port}`;
  for (const way of [{ address: `127.0.0.1:${port}` }, { proxied: true }]) {
    const { text } = await askOnce({ url, ca, ...way }, { path: '/' }, { deadlineMs: DEADLINE_MS });
    assert.equal(text, 'ok', JSON.stringify(way));
  }
  assert.equal(proxy.asked.length, 1);
});

test('should read its token again where it is refused, and ask once more where that is another one', async (t) => {
  const seen: string[] = [];
  let valid = 'new';
  const url = await serving(t, ({ headers }, response) => {
    seen.push(headers.authorization ?? '');
    response.writeHead(headers.authorization === `Bearer ${valid}` ? 200 : 401).end();
  });
  let token = 'new';
  const reread = (): Promise<{ token: string }> =>
    token === '' ? Promise.reject(new Error('the Secret is gone')) : Promise.resolve({ token });
  const client = new HttpClient({ url, token: 'old', reread });
  t.after(() => client.close());
  const ask = async (): Promise<number> =>
    (await client.ask({ path: '/' }, { deadlineMs: DEADLINE_MS })).status;
  assert.deepEqual([await ask(), await ask()], [200, 200]);
  assert.deepEqual(seen.splice(0), ['Bearer old', 'Bearer new', 'Bearer new']);
  valid = 'newest';
  assert.equal(await ask(), 401, 'the source has no other yet');
  assert.equal(seen.splice(0).length, 1);
  token = '';
  assert.equal(await ask(), 401, 'the source cannot be read');
  token = 'newest';
  assert.deepEqual(await Promise.all([ask(), ask()]), [200, 200]);
  assert.equal(
    (await askOnce({ url, token: 'old' }, { path: '/' }, { deadlineMs: DEADLINE_MS })).status,
    401,
  );
});

/** For one test. */
function setVariables(t: TestContext, variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) setVariable(t, name, value);
}

test('should go through the proxy that the environment names, where that is asked for, and hold the certificate to its name', async (t) => {
  const { key, cert } = await certificateFor('prometheus.example.com');
  const server = createTlsServer({ key, cert }, (_request, response) => response.end('by TLS'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const plain = await serving(t, (_request, response) => response.end('plain'));
  const proxy = await connectProxy();
  t.after(() => proxy.close());
  setVariables(t, { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: '' });
  const { port } = server.address() as AddressInfo;
  const ask = async (of: HttpServer): Promise<string> =>
    (await askOnce(of, { path: '/' }, { deadlineMs: DEADLINE_MS })).text;
  const url = `https://prometheus.example.com:${port}`;
  assert.equal(await ask({ url, ca: cert, proxied: true }), 'by TLS');
  assert.equal(
    await ask({ url: plain.replace('127.0.0.1', 'prometheus.example.com'), proxied: true }),
    'plain',
  );
  assert.deepEqual(
    proxy.asked.map(({ what, account }) => [what.split(' ')[0], account]),
    [
      ['CONNECT', 'someone:s3cret'],
      ['GET', 'someone:s3cret'],
    ],
  );
  await assert.rejects(
    ask({ url: url.replace('prometheus', 'other'), ca: cert, proxied: true }),
    failed({}, /other\.example\.com.* through the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\)$/),
  );
  proxy.asked.length = 0;
  assert.equal(await ask({ url: plain, proxied: true }), 'plain', 'this machine');
  assert.equal(
    await ask({ url, ca: cert, address: `127.0.0.1:${port}`, proxied: true }),
    'by TLS',
    'a declared address',
  );
  await assert.rejects(ask({ url: 'https://prometheus.invalid' }), failed({}, /ENOTFOUND|EAI_AGAIN/));
  assert.deepEqual(proxy.asked, []);
});

test('should say that the proxy refused, and which, without its account', async (t) => {
  const proxy = await connectProxy(403);
  t.after(() => proxy.close());
  setVariables(t, { https_proxy: proxy.url, HTTPS_PROXY: '', NO_PROXY: '' });
  const asked = askOnce(
    { url: 'https://prometheus.example.com', proxied: true },
    { path: '/' },
    { deadlineMs: DEADLINE_MS },
  );
  await assert.rejects(asked, (error) => {
    assert.doesNotMatch(String(error), /s3cret/);
    return failed({}, /403.* through the proxy 127\.0\.0\.1:\d+ \(https_proxy\)$/)(error);
  });
});
