import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { adminAnswers } from './admin.ts';
import { UpstreamHealth } from './health.ts';
import { mayRepeat, passedOn, proxyServer } from './proxy.ts';

const upstream = { name: 'tender-api', host: '127.0.0.1', port: 1 };

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('should pass a request on with its mark and body, and bring the answer back', async () => {
  const backend = createServer((request, response) => {
    response.writeHead(201, { 'x-seen': String(request.headers['x-plumbline-hop-gateway']) });
    request.pipe(response);
  });
  const port = await listening(backend);
  const { server, counters } = proxyServer({ ...upstream, port }, 'gateway-1');
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
  const { server, counters } = proxyServer(upstream, 'gateway-1');
  try {
    const answer = await fetch(`http://127.0.0.1:${String(await listening(server))}/tenders`);
    assert.deepEqual([answer.status, counters.failures], [502, 1]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('should repeat only what the upstream cannot have done', () => {
  const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });
  assert.ok(mayRepeat(error('ECONNREFUSED'), 'POST', false));
  assert.ok(mayRepeat(error('ECONNRESET'), 'GET', false));
  assert.ok(mayRepeat(error('ECONNRESET'), 'POST', true));
  assert.ok(!mayRepeat(error('ECONNRESET'), 'POST', false));
  assert.ok(!mayRepeat(error('ETIMEDOUT'), 'GET', true));
});

test('should keep headers of one connection to that connection', () => {
  assert.deepEqual(passedOn({ connection: 'close', 'transfer-encoding': 'chunked', accept: '*/*' }), {
    accept: '*/*',
  });
});

test('should change the upstream’s health only after two results of the same kind', () => {
  const health = new UpstreamHealth(upstream);
  health.note(true);
  assert.equal(health.current, 'HEALTHY');
  health.note(false);
  assert.equal(health.current, 'HEALTHY');
  health.note(false);
  assert.equal(health.current, 'UNHEALTHY');
  health.note(true);
  health.note(false);
  health.note(true);
  assert.equal(health.current, 'UNHEALTHY');
  health.note(true);
  assert.equal(health.current, 'HEALTHY');
});

test('should publish the upstream’s health where Kong’s Admin API has it', () => {
  const health = new UpstreamHealth(upstream);
  const answers = adminAnswers(upstream, health, { requests: 7, failures: 0 });
  health.note(false);
  const found = answers('/upstreams/tender-api/health') as { data: { target: string; health: string }[] };
  assert.deepEqual(
    found.data.map((target) => [target.target, target.health]),
    [['127.0.0.1:1', 'UNHEALTHY']],
  );
  assert.equal((answers('/routes') as { data: unknown[] }).data.length, 1);
  assert.equal(answers('/constructor'), undefined);
});
