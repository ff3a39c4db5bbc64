import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { Spans, traceOf } from './spans.ts';

const PARENT = '00f067aa0ba902b7';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const asked = (traceparent?: string) => traceOf({ headers: { ...(traceparent && { traceparent }) } });
const served = {
  method: 'GET',
  uri: '/drafts/{reference}',
  status: 200,
  outcome: 'SUCCESS',
  beganAtMs: 1,
  tookMs: 2,
};

test("should go on with the caller's trace, as sampled as it is, and begin one where there is none", () => {
  const { traceId, parentId, spanId, sampled } = asked(`00-${TRACE}-${PARENT}-01`);
  assert.deepEqual([traceId, parentId, sampled], [TRACE, PARENT, true]);
  assert.match(spanId, /^[0-9a-f]{16}$/);
  assert.equal(asked(`00-${TRACE}-${PARENT}-00`).sampled, false);
  const own = asked();
  assert.match(own.traceId, /^[0-9a-f]{32}$/);
  assert.equal(own.parentId, undefined);
});

test('should send what is sampled as Zipkin takes it, and say once that it cannot', async (t) => {
  const got: unknown[] = [];
  let status = 202;
  const zipkin = createServer((request, response) => {
    void text(request).then((body) => {
      got.push(...(JSON.parse(body) as unknown[]));
      assert.equal(request.url, '/api/v2/spans');
      response.writeHead(status).end();
    });
  }).listen(0, '127.0.0.1');
  t.after(() => zipkin.close());
  await once(zipkin, 'listening');
  const said: string[] = [];
  const spans = new Spans(`http://127.0.0.1:${String((zipkin.address() as AddressInfo).port)}`, (one) =>
    said.push(one),
  );
  spans.add(asked(`00-${TRACE}-${PARENT}-01`), served);
  spans.add(asked(`00-${TRACE}-${PARENT}-00`), served);
  await spans.flush();
  const [{ id, ...span } = { id: '' }] = got as { id: string }[];
  assert.equal(got.length, 1);
  assert.match(id, /^[0-9a-f]{16}$/);
  assert.deepEqual(span, {
    traceId: TRACE,
    parentId: PARENT,
    kind: 'SERVER',
    name: 'http get /drafts/{reference}',
    timestamp: 1000,
    duration: 2000,
    localEndpoint: { serviceName: 'bid-desk' },
    tags: { method: 'GET', uri: '/drafts/{reference}', status: '200', outcome: 'SUCCESS', exception: 'none' },
  });
  status = 500;
  for (let time = 0; time < 2; time++) {
    spans.add(asked(`00-${TRACE}-${PARENT}-01`), served);
    await spans.flush();
  }
  assert.deepEqual(said, ['1 spans are lost: Zipkin answered 500']);
  await spans.close();
});
