import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { CREATE, targetAt } from '../application/_testing/contracts.ts';
import { sendCanaryRequests } from './canary-requests.ts';
import type { CanaryAnswer } from './canary-requests.ts';

test('should send each request with a correlation id and a trace of its own, and say what became of it', async () => {
  const seen: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      const correlationId = request.headers['x-mark'] as string;
      const status = correlationId.endsWith('/2') ? 503 : 201;
      response.writeHead(status, { 'x-mark': correlationId.endsWith('/3') ? 'another' : correlationId });
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const answers: CanaryAnswer[] = [];
  const target = {
    ...targetAt(port, `http://127.0.0.1:${port}`),
    request: { ...CREATE, id: undefined, body: { title: '{title}', mark: '{correlationId}', n: '{n}' } },
  };
  const load = {
    run: 'r1',
    count: 3,
    perSecond: 100,
    deadlineMs: 5_000,
    signal: new AbortController().signal,
  };
  await sendCanaryRequests(target, load, (answer) => answers.push(answer));
  answers.sort((a, b) => a.n - b.n);
  assert.deepEqual(
    answers.map(({ correlationId, status, ok, detail }) => [correlationId, status, ok, detail]),
    [
      ['r1/1', 201, true, ''],
      ['r1/2', 503, false, 'status 503'],
      ['r1/3', 201, false, 'correlation-id'],
    ],
  );
  const first = seen.find(({ headers }) => headers['x-mark'] === 'r1/1');
  assert.equal(first?.body, '{"title":"Canary r1/1","mark":"r1/1","n":1}');
  assert.match(
    String(first.headers['traceparent']),
    new RegExp(`^00-${answers[0]?.traceId ?? ''}-[0-9a-f]{16}-01$`),
  );
  assert.equal(new Set(answers.map(({ traceId }) => traceId)).size, 3);
  server.close();
});

test('should throw that an answer could not be recorded once all are sent, and not before', async () => {
  const server = createServer((_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const target = {
    ...targetAt(port, `http://127.0.0.1:${port}`),
    request: { ...CREATE, id: undefined, body: { title: '{title}', mark: '{correlationId}' } },
  };
  const { signal } = new AbortController();
  const begunMs = performance.now();
  // The first answer comes while the next request is still waited for: a rejection that nobody waits for would end this process.
  const sent = sendCanaryRequests(
    target,
    { run: 'r2', count: 2, perSecond: 5, deadlineMs: 5_000, signal },
    () => {
      throw new Error('ENOSPC: no space left on device');
    },
  );
  await assert.rejects(sent, /ENOSPC/);
  const tookMs = performance.now() - begunMs;
  server.close();
  assert.ok(tookMs > 190, `the second is due after 200 ms, not ${tookMs} ms`);
});
