import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { formatTraceparent, newRoot, parseTraceparent } from './context.ts';
import { encodeSpans, OtlpExporter, type FinishedSpan } from './exporter.ts';
import { callerOf, telemetryOf } from './telemetry.ts';
import { Tracer, type Span } from './tracer.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('should read valid trace context, and begin a new trace for anything else', () => {
  const header = `00-${TRACE}-${SPAN}-01`;
  assert.deepEqual(parseTraceparent(header), { traceId: TRACE, spanId: SPAN, sampled: true });
  assert.equal(formatTraceparent({ traceId: TRACE, spanId: SPAN, sampled: true }), header);
  assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled, false);
  assert.equal(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)?.traceId, TRACE);
  const wrong = [undefined, '', `00-${TRACE}-${SPAN}-01-more`, `ff-${TRACE}-${SPAN}-01`];
  for (const text of [...wrong, `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`])
    assert.equal(parseTraceparent(text), undefined, String(text));
});

test('should keep all, none, or a share of the traces that begin here', () => {
  const kept = (ratio: number): number =>
    Array.from({ length: 400 }, () => newRoot(ratio)).filter((one) => one.sampled).length;
  assert.deepEqual([kept(1), kept(0)], [400, 0]);
  assert.ok(kept(0.5) > 120 && kept(0.5) < 280);
});

test('should link spans to the caller and to each other, and not export traces that the caller does not sample', async () => {
  const spans: FinishedSpan[] = [];
  const tracer = new Tracer(0, (span) => spans.push(span));
  const parent = { traceId: TRACE, spanId: SPAN, sampled: true };
  await tracer.within('POST /tenders', { kind: 'server', parent, mark: 'm-1' }, async (outer) => {
    await tracer.within('INSERT tenders', { kind: 'client' }, () => delay(1));
    assert.equal(outer.traceparent(), `00-${TRACE}-${outer.context.spanId}-01`);
    await assert.rejects(
      tracer.within('SET', { kind: 'client' }, () => Promise.reject(new Error('refused'))),
    );
  });
  const [insert, set, server] = spans;
  assert.deepEqual(
    [insert?.name, insert?.parentSpanId, set?.errorType, server?.parentSpanId, server?.attributes],
    ['INSERT tenders', server?.spanId, 'Error', SPAN, { 'plumbline.mark': 'm-1' }],
  );
  await tracer.within('GET', { kind: 'server' }, () => delay(1));
  await tracer.within('GET', { kind: 'server', parent: { ...parent, sampled: false } }, () => delay(1));
  assert.equal(spans.length, 3);
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
  const spans: FinishedSpan[] = [];
  const tracer = new Tracer(1, (span) => spans.push(span));
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
  const sent = encodeSpans(spans, {});
  assert.doesNotMatch(sent, /password/);
  const { resourceSpans } = JSON.parse(sent) as {
    resourceSpans: { scopeSpans: { spans: { attributes: unknown[]; status: unknown }[] }[] }[];
  };
  const types = ['RangeError', 'string', '503'].map((stringValue) => ({
    attributes: [{ key: 'error.type', value: { stringValue } }],
    status: { code: 2 },
  }));
  const seen = resourceSpans[0]?.scopeSpans[0]?.spans.map(({ attributes, status }) => ({
    attributes,
    status,
  }));
  assert.deepEqual(seen, types);
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

const finished = (name: string): FinishedSpan => ({
  ...{ traceId: TRACE, spanId: SPAN, parentSpanId: undefined, name, kind: 'server' },
  ...{ startMs: 1_700_000_000_000.25, endMs: 1_700_000_000_001, attributes: { n: 1, 'plumbline.mark': 'm' } },
  errorType: undefined,
});

test('should encode spans in OTLP’s JSON format', () => {
  const sent = JSON.parse(encodeSpans([finished('a')], { 'service.name': 's' })) as {
    resourceSpans: { resource: unknown; scopeSpans: { spans: Record<string, unknown>[] }[] }[];
  };
  const [resource] = sent.resourceSpans;
  assert.deepEqual(resource?.resource, {
    attributes: [{ key: 'service.name', value: { stringValue: 's' } }],
  });
  const span = resource.scopeSpans[0]?.spans[0];
  assert.deepEqual([span?.startTimeUnixNano, span?.kind], ['1700000000000250000', 2]);
  assert.deepEqual(span?.attributes, [
    { key: 'n', value: { intValue: '1' } },
    { key: 'plumbline.mark', value: { stringValue: 'm' } },
  ]);
});

test('should retry a batch that the collector could not accept, and drop one that it refuses', async (context) => {
  const { url, bodies } = await collector(context, [503, 200, 400]);
  const exporter = new OtlpExporter({ url, resource: {}, everyMs: 5 });
  exporter.add(finished('first'));
  while (exporter.exported === 0) await delay(5);
  exporter.add(finished('second'));
  while (exporter.dropped === 0) await delay(5);
  exporter.add(finished('third'));
  await exporter.stop(1_000);
  assert.deepEqual([exporter.exported, exporter.dropped, bodies.length], [2, 1, 2]);
});

test('should limit its queue, and count dropped spans', async () => {
  const exporter = new OtlpExporter({ url: 'http://127.0.0.1:1', resource: {} });
  for (let i = 0; i < 8200; i++) exporter.add(finished('x'));
  await exporter.stop(100);
  assert.deepEqual([exporter.exported, exporter.dropped], [0, 8]);
});
