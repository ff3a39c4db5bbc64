import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { telemetryOf } from '../../../service-kit/telemetry.ts';
import { mayRepeat, passedOn, proxyServer, routeOf, type Route } from './proxy.ts';
import { statusServer } from './status.ts';

const to = (port: number, prefix = '/', becomes = '/'): Route => ({
  prefix,
  becomes,
  upstream: { host: '127.0.0.1', port },
});
const options = {
  podName: 'gateway-1',
  telemetry: telemetryOf({ service: 'gateway', env: {}, write: () => undefined }),
};

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('should forward a request with its mark and body, and return the answer', async () => {
  const backend = createServer((request, response) => {
    response.writeHead(201, { 'x-seen': String(request.headers['x-plumbline-hop-gateway']) });
    request.pipe(response);
  });
  const port = await listening(backend);
  const { server, counters } = proxyServer([to(port)], options);
  try {
    const answer = await fetch(`http://127.0.0.1:${String(await listening(server))}/tenders`, {
      method: 'POST',
      body: 'hello',
    });
    assert.deepEqual(
      [answer.status, answer.headers.get('x-seen'), await answer.text()],
      [201, 'gateway-1', 'hello'],
    );
    assert.deepEqual(counters, { requests: 1, failures: 0 });
  } finally {
    for (const one of [server, backend]) {
      one.closeAllConnections();
      one.close();
    }
  }
});

test('should answer 502 when nobody listens upstream, and count it', async () => {
  const { server, counters } = proxyServer([to(1)], options);
  try {
    const answer = await fetch(`http://127.0.0.1:${String(await listening(server))}/tenders`);
    assert.deepEqual([answer.status, counters.failures], [502, 1]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('should drop requests whose client is gone, and not delay others for requests that are not answered', async () => {
  let silent = 0;
  let closed = 0;
  const backend = createServer((request, response) => {
    if (request.url !== '/silent') {
      response.end('quick');
      return;
    }
    silent += 1;
    request.on('close', () => (closed += 1));
  });
  const { server, counters } = proxyServer([to(await listening(backend))], options);
  const url = `http://127.0.0.1:${String(await listening(server))}`;
  const clients = new AbortController();
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await delay(5);
  };
  try {
    const held = Array.from({ length: 100 }, () => fetch(`${url}/silent`, { signal: clients.signal }));
    await until(() => silent === held.length);
    assert.equal(await (await fetch(`${url}/tenders`)).text(), 'quick');
    clients.abort();
    const ends = await Promise.allSettled(held);
    assert.ok(ends.every(({ status }) => status === 'rejected'));
    await until(() => closed === held.length);
    assert.equal(counters.failures, 0, 'a client that closes its request is not a failure of the upstream');
  } finally {
    for (const one of [server, backend]) {
      one.closeAllConnections();
      one.close();
    }
  }
});

test('should repeat only requests that the upstream cannot have executed', () => {
  const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });
  assert.ok(mayRepeat(error('ECONNREFUSED'), 'POST', false));
  assert.ok(mayRepeat(error('ECONNRESET'), 'GET', false));
  assert.ok(mayRepeat(error('ECONNRESET'), 'POST', true));
  assert.ok(!mayRepeat(error('ECONNRESET'), 'POST', false));
  assert.ok(!mayRepeat(error('ETIMEDOUT'), 'GET', true));
});

test('should not forward hop-by-hop headers', () => {
  assert.deepEqual(passedOn({ connection: 'close', 'transfer-encoding': 'chunked', accept: '*/*' }), {
    accept: '*/*',
  });
});

test('should send each path to its upstream, with the path that it has there, within one trace', async () => {
  const seen: string[] = [];
  const backend = createServer((request, response) => {
    seen.push(`${request.url ?? ''} ${String(request.headers.traceparent).slice(3, 35)}`);
    response.end();
  });
  const port = await listening(backend);
  const lines: string[] = [];
  const telemetry = telemetryOf({ service: 'gateway', env: {}, write: (line) => lines.push(line) });
  const { server } = proxyServer([to(1), to(port, '/ai/', '/v1/')], { podName: 'g', telemetry });
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  try {
    const url = `http://127.0.0.1:${String(await listening(server))}`;
    const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-plumbline-mark': 'm-1' };
    assert.equal((await fetch(`${url}/ai/draft?x=1`, { method: 'POST', headers })).status, 200);
    assert.deepEqual(seen, [`/v1/draft?x=1 ${trace}`]);
    while (lines.length === 0) await delay(1); // the line is written after the answer is sent
    const line = JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
    assert.deepEqual([line.trace_id, line.mark, line.msg], [trace, 'm-1', 'POST /ai/draft 200']);
  } finally {
    for (const one of [server, backend]) {
      one.closeAllConnections();
      one.close();
    }
  }
});

test('should take the longest prefix', () => {
  const routes = [to(1), to(2, '/ai/', '/v1/')];
  assert.deepEqual(
    ['/ai/draft', '/tenders', '/ai'].map((path) => routeOf(routes, path)?.upstream.port),
    [2, 1, 1],
  );
});

test('should tell its state and its counters, and nothing else, on another port', async () => {
  const server = statusServer({ requests: 7, failures: 2 }, () => ({ sent: 3, dropped: 1 }));
  try {
    const url = `http://127.0.0.1:${String(await listening(server))}`;
    const text = await (await fetch(`${url}/metrics`)).text();
    assert.match(text, /^gateway_requests_total 7$/m);
    assert.match(text, /^telemetry_spans_dropped_total 1$/m);
    const statuses = ['/status', '/services'].map(async (path) => (await fetch(`${url}${path}`)).status);
    assert.deepEqual(await Promise.all(statuses), [200, 404]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
