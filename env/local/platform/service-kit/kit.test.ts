import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SpanKind } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { SpanQueue } from './exporter.ts';
import { readBody, readJson } from './request.ts';
import { callerOf, telemetryOf } from './telemetry.ts';
import { parseTraceparent, Tracer, type Span } from './tracer.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const PARENT = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };

/** A tracer whose ended spans are kept in memory. */
function kept(ratio: number): { tracer: Tracer; spans: InMemorySpanExporter } {
  const spans = new InMemorySpanExporter();
  const processors = [new SimpleSpanProcessor(spans)];
  return { tracer: new Tracer({ ratio, resource: { 'service.name': 's' }, processors }), spans };
}

test('should read valid trace context, and begin a new trace for anything else', () => {
  const header = `00-${TRACE}-${SPAN}-01`;
  assert.deepEqual(parseTraceparent(header), { ...PARENT, isRemote: true });
  assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.traceFlags, 0);
  assert.equal(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)?.traceId, TRACE);
  const wrong = [undefined, '', `00-${TRACE}-${SPAN}-01-more`, `ff-${TRACE}-${SPAN}-01`];
  for (const text of [...wrong, `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`])
    assert.equal(parseTraceparent(text), undefined, String(text));
});

test('should read bodies up to a size, and only objects of JSON as such', async () => {
  const of = (...parts: string[]): AsyncIterable<Buffer> =>
    Readable.from(parts.map((one) => Buffer.from(one)));
  assert.equal(String(await readBody(of('ab', 'cd'), 4)), 'abcd');
  assert.equal(await readBody(of('ab', 'cd'), 3), undefined);
  assert.deepEqual(await readJson(of('{"a":', '1}'), 10), { a: 1 });
  for (const text of ['', '1', 'null', '{"a":1}      '])
    assert.equal(await readJson(of(text), 10), undefined);
});

test('should keep all, none, or a share of the traces that begin here', async () => {
  const share = async (ratio: number): Promise<number> => {
    const { tracer } = kept(ratio);
    const work = (span: Span): Promise<boolean> => Promise.resolve(span.sampled);
    const sampled = Array.from({ length: 400 }, () => tracer.within('GET', { kind: 'server' }, work));
    return (await Promise.all(sampled)).filter(Boolean).length;
  };
  assert.deepEqual([await share(1), await share(0)], [400, 0]);
  const half = await share(0.5);
  assert.ok(half > 120 && half < 280, String(half));
});

test('should link spans to the caller and to each other, and not export traces that the caller does not sample', async () => {
  const { tracer, spans } = kept(0);
  await tracer.within('POST', { kind: 'server', parent: PARENT, mark: 'm-1' }, async (outer) => {
    outer.rename('POST /tenders');
    await tracer.within('INSERT tenders', { kind: 'client' }, () => delay(1));
    assert.equal(outer.traceparent(), `00-${TRACE}-${outer.context.spanId}-01`);
    await assert.rejects(
      tracer.within('SET', { kind: 'client' }, () => Promise.reject(new Error('refused'))),
    );
  });
  const ended = spans.getFinishedSpans();
  assert.partialDeepStrictEqual(ended, [
    { name: 'INSERT tenders', attributes: { 'plumbline.mark': 'm-1' } },
    { name: 'SET', attributes: { 'error.type': 'Error' }, status: { code: 2 } },
    { name: 'POST /tenders', kind: SpanKind.SERVER },
  ]);
  const server = ended[2]?.spanContext().spanId;
  const parents = ended.map(({ parentSpanContext }) => parentSpanContext?.spanId);
  assert.deepEqual(parents, [server, server, SPAN]);
  await tracer.within('GET', { kind: 'server' }, () => delay(1));
  await tracer.within('GET', { kind: 'server', parent: { ...PARENT, traceFlags: 0 } }, (span) => {
    assert.equal(span.traceparent(), `00-${TRACE}-${span.context.spanId}-00`);
    return Promise.resolve();
  });
  assert.equal(spans.getFinishedSpans().length, 3);
});

test('should write one JSON object per line, with the ids of the span and the mark of its request', async () => {
  const lines: string[] = [];
  const given = { service: 'tender-api', write: (line: string) => lines.push(line) };
  const { log, tracer } = telemetryOf({ ...given, env: {} });
  log('info', 'two\nlines', { status: 201 });
  const caller = callerOf({ traceparent: `00-${TRACE}-${SPAN}-01`, 'x-plumbline-mark': 'm-1' });
  await tracer.within('POST', { kind: 'server', ...caller }, () =>
    tracer.within('INSERT', { kind: 'client' }, (span) => {
      log('warn', 'inside');
      assert.match(lines[1] ?? '', new RegExp(`"span_id":"${span.context.spanId}"`));
      return Promise.resolve();
    }),
  );
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(lines.every((line) => line.endsWith('}\n') && line.trimEnd().split('\n').length === 1));
  assert.deepEqual(
    [first?.msg, first?.status, first?.trace_id, first?.level],
    ['two\nlines', 201, undefined, 'info'],
  );
  assert.match(String(first?.ts), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual([second?.trace_id, second?.mark, second?.service], [TRACE, 'm-1', 'tender-api']);
  const stripped = telemetryOf({ ...given, env: { TELEMETRY_BREAK: 'log-trace-id' } });
  await stripped.tracer.within('POST', { kind: 'server', ...caller }, () => {
    stripped.log('info', 'x');
    return Promise.resolve();
  });
  const last = JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;
  assert.deepEqual([last.trace_id, last.mark], [undefined, 'm-1']);
});

test('should export only the type of an error, whatever was thrown', async () => {
  const { tracer, spans } = kept(1);
  const secret = 'postgres://user:password@store';
  const failures: ((span: Span) => void)[] = [
    (span) => span.fail(new RangeError(secret)),
    (span) => span.fail(secret),
    (span) => span.failAs('503'),
  ];
  for (const fail of failures)
    await tracer.within('INSERT', { kind: 'client' }, (span) => {
      fail(span);
      return Promise.resolve();
    });
  const seen = spans
    .getFinishedSpans()
    .map(({ attributes, events, status }) => ({ attributes, events, status }));
  const types = ['RangeError', 'string', '503'];
  assert.deepEqual(
    seen,
    types.map((type) => ({ attributes: { 'error.type': type }, events: [], status: { code: 2 } })),
  );
});

/** A collector that answers with these statuses, then with 200, and records what it receives. */
async function collector(
  context: TestContext,
  statuses: number[],
): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const status = statuses.shift() ?? 200;
      if (status === 200 && request.url === '/v1/traces') bodies.push(text);
      response.writeHead(status).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, bodies };
}

/** A queue to the collector, and a way to put a span into it. */
function queueTo(url: string): { queue: SpanQueue; end: (name: string) => void } {
  const queue = new SpanQueue({ url, everyMs: 5 });
  const tracer = new Tracer({ ratio: 1, resource: { 'service.name': 's' }, processors: [queue] });
  const options = { kind: 'server', mark: 'm', attributes: { n: 1 } } as const;
  return { queue, end: (name) => void tracer.within(name, options, () => Promise.resolve()) };
}

test('should send spans in OTLP’s JSON format', async (context) => {
  const { url, bodies } = await collector(context, []);
  const { queue, end } = queueTo(url);
  end('a');
  while (queue.sent === 0) await delay(5);
  const sent = JSON.parse(bodies[0] ?? '{}') as {
    resourceSpans: {
      resource: { attributes: unknown[] };
      scopeSpans: { scope: unknown; spans: Record<string, unknown>[] }[];
    }[];
  };
  const [resource] = sent.resourceSpans;
  assert.partialDeepStrictEqual(resource?.resource.attributes, [
    { key: 'service.name', value: { stringValue: 's' } },
  ]);
  const [scope] = resource?.scopeSpans ?? [];
  assert.deepEqual(scope?.scope, { name: 'plumbline.service-kit' });
  const { name, kind, startTimeUnixNano, attributes } = scope.spans[0] ?? {};
  assert.deepEqual([name, kind], ['a', 2]);
  assert.match(String(startTimeUnixNano), /^\d{19}$/);
  assert.deepEqual(attributes, [
    { key: 'n', value: { intValue: 1 } },
    { key: 'plumbline.mark', value: { stringValue: 'm' } },
  ]);
  await queue.stop(1_000);
});

test('should retry a batch that the collector could not accept, and drop one that it refuses', async (context) => {
  const { url, bodies } = await collector(context, [500, 503, 200, 400]);
  const { queue, end } = queueTo(url);
  end('first');
  while (queue.sent === 0) await delay(5);
  end('second');
  while (queue.dropped === 0) await delay(5);
  end('third');
  await delay(1);
  await queue.stop(1_000);
  assert.deepEqual([queue.sent, queue.dropped, bodies.length], [2, 1, 2]);
});

test('should end in order when the collector refuses the last spans', async (context) => {
  const { url } = await collector(context, [400]);
  const { queue, end } = queueTo(url);
  end('last');
  await delay(1);
  await queue.stop(1_000);
  assert.deepEqual([queue.sent, queue.dropped], [0, 1]);
});

test(
  'should send the batches after one that is refused at the end, too',
  { timeout: 20_000 },
  async (context) => {
    const { url } = await collector(context, [400, 200, 200]);
    const { queue, end } = queueTo(url);
    for (let i = 0; i < 1200; i++) end('x'); // three batches: the most in one is 512
    await delay(1);
    await queue.stop(5_000);
    assert.deepEqual([queue.sent, queue.dropped], [688, 512]);
  },
);

test('should count as dropped what it can send nowhere, and end', { timeout: 20_000 }, async () => {
  const { queue, end } = queueTo('no url');
  end('x');
  await delay(1);
  await queue.stop(5_000);
  assert.deepEqual([queue.sent, queue.dropped], [0, 1]);
});

test('should limit its queue, count dropped spans, and not wait at its end for a collector that is away', async () => {
  const { queue, end } = queueTo('http://127.0.0.1:1');
  for (let i = 0; i < 8200; i++) end('x');
  await delay(1);
  const began = performance.now();
  await queue.stop(100);
  assert.ok(performance.now() - began < 2_000);
  assert.deepEqual([queue.sent, queue.dropped], [0, 8]);
});
