import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignalError } from '../signals/index.ts';
import { why } from '../signals/_testing/errors.ts';
import { standIn } from '../signals/_testing/server.ts';
import type { Asked, Said } from '../signals/_testing/server.ts';
import { traceProbe } from './index.ts';
import type { TraceProbe } from './index.ts';
import { resourceSpans, spansOf } from './otlp.ts';

const BOUNDS = { deadlineMs: 5_000 };
const ID = '0af7651916cd43dd8448eb211c80319c';
const SERVER = 'b7ad6b7169203331';
const CHILD = '00f067aa0ba902b7';

const PATH = [
  { service: 'gateway', through: 'http' as const, logs: true, spans: [] },
  { service: 'tender-api', through: 'http' as const, logs: true, spans: [{ name: 'INSERT' }] },
];

async function withProbe(
  kind: string,
  answer: (asked: Asked) => Said,
  work: (probe: TraceProbe, asked: Asked[]) => Promise<void>,
): Promise<void> {
  const server = await standIn(answer);
  const probe = traceProbe({ kind, correlationTag: 'plumbline.mark', path: PATH }, { url: server.url });
  try {
    await work(probe, server.asked);
  } finally {
    probe.close();
    await server.close();
  }
}

const EXPECTED = [
  {
    id: ID,
    spans: [
      {
        id: SERVER,
        parent: null,
        service: 'gateway',
        name: 'POST /tenders',
        kind: 'server',
        startMs: 1_700_000_000_000,
        durationMs: 12.5,
        correlationId: 'run/1',
      },
      {
        id: CHILD,
        parent: SERVER,
        service: 'tender-api',
        name: 'INSERT tenders',
        kind: 'client',
        startMs: 1_700_000_000_001,
        durationMs: 2,
        correlationId: null,
      },
    ],
  },
];

const jaegerSpan = (spanID: string, more: Record<string, unknown>) => ({
  spanID,
  references: [],
  tags: [],
  ...more,
});
const JAEGER = {
  data: [
    {
      traceID: ID,
      processes: { p1: { serviceName: 'gateway' }, p2: { serviceName: 'tender-api' } },
      spans: [
        jaegerSpan(SERVER, {
          operationName: 'POST /tenders',
          startTime: 1_700_000_000_000_000,
          duration: 12_500,
          processID: 'p1',
          tags: [
            { key: 'span.kind', value: 'server' },
            { key: 'plumbline.mark', value: 'run/1' },
          ],
        }),
        jaegerSpan('f067aa0ba902b7', {
          operationName: 'INSERT tenders',
          startTime: 1_700_000_000_001_000,
          duration: 2_000,
          processID: 'p2',
          references: [{ refType: 'CHILD_OF', traceID: ID, spanID: SERVER }],
          tags: [{ key: 'span.kind', value: 'client' }],
        }),
      ],
    },
  ],
  errors: [{ code: 404, msg: 'trace not found', traceID: 'ff' }],
};

test('should read traces of Jaeger by their ids, fifty at a time, and take what is missing for missing', async () => {
  await withProbe(
    'jaeger',
    ({ path }) => ({ body: path.includes(ID) ? JAEGER : { data: [], errors: null } }),
    async (probe, asked) => {
      const ids = [ID, ...Array.from({ length: 60 }, (_, index) => index.toString(16).padStart(32, '1'))];
      assert.deepEqual(await probe.byIds(ids, BOUNDS), EXPECTED);
      assert.equal(asked.length, 2);
      assert.equal(asked[0]?.path.match(/traceID=/g)?.length, 50);
    },
  );
});

test('should take a 404 of Jaeger for nothing found, and any other error for one', async () => {
  await withProbe(
    'jaeger',
    ({ path }) =>
      path === '/api/services'
        ? { body: { data: ['gateway'], total: 1 } }
        : { status: 404, body: { data: null, errors: [{ code: 404, msg: 'trace not found' }] } },
    async (probe, asked) => {
      assert.deepEqual(await probe.byIds([ID], BOUNDS), []);
      assert.deepEqual(await probe.byIds([ID], BOUNDS), []);
      assert.equal(asked.filter(({ path }) => path === '/api/services').length, 1);
    },
  );
  await withProbe(
    'jaeger',
    () => ({ body: { data: null, errors: [{ code: 500, msg: 'storage is gone' }] } }),
    (probe) => assert.rejects(probe.byIds([ID], BOUNDS), SignalError),
  );
});

test('should look in Jaeger for a correlation id within a time', async () => {
  await withProbe(
    'jaeger',
    () => ({ body: JAEGER }),
    async (probe, asked) => {
      await probe.byCorrelationId(
        { service: 'tender-ai', correlationId: 'run/1', fromMs: 1, toMs: 2 },
        BOUNDS,
      );
      const query = new URL(asked[0]?.path ?? '', 'http://x').searchParams;
      assert.deepEqual(Object.fromEntries(query), {
        service: 'tender-ai',
        tags: '{"plumbline.mark":"run/1"}',
        start: '1000',
        end: '2000',
        limit: '5',
      });
    },
  );
});

test('should say that a Jaeger has no search any more, and which kind is asked in its place', async () => {
  await withProbe(
    'jaeger',
    () => ({ status: 404, body: '404 page not found' }),
    (probe) =>
      assert.rejects(probe.byIds([ID], BOUNDS), /no \/api\/traces: .* telemetry\.traces\.kind: jaeger2$/),
  );
});

/** The trace as OTLP has it (opentelemetry-proto 1.5); ids as `id` writes them. */
function otlp(id: (hex: string) => string) {
  const span = (spanId: string, more: Record<string, unknown>) => ({
    traceId: id(ID),
    spanId: id(spanId),
    ...more,
  });
  const batch = (service: string, spans: unknown[]) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [{ scope: { name: 'x' }, spans }],
  });
  return [
    batch('gateway', [
      span(SERVER, {
        name: 'POST /tenders',
        kind: 'SPAN_KIND_SERVER',
        startTimeUnixNano: '1700000000000000000',
        endTimeUnixNano: '1700000000012500000',
        attributes: [{ key: 'plumbline.mark', value: { stringValue: 'run/1' } }],
      }),
    ]),
    batch('tender-api', [
      span(CHILD, {
        parentSpanId: id(SERVER),
        name: 'INSERT tenders',
        kind: 3,
        startTimeUnixNano: '1700000000001000000',
        endTimeUnixNano: '1700000000003000000',
      }),
    ]),
  ];
}
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const hex = (text: string): string => text;

/** Jaeger 2.20: cmd/jaeger/internal/extension/jaegerquery/internal/apiv3/snapshots/GetTrace.json, http_gateway.go. */
const NO_TRACE: Said = { status: 404, body: { error: { httpCode: 404, message: 'No traces found' } } };

test('should know times of OTLP to the microsecond, for which a number of nanoseconds is too coarse', () => {
  const span = {
    spanId: 'a1',
    startTimeUnixNano: '1796008197470000000',
    endTimeUnixNano: '1796008197482001000',
  };
  const [found] = spansOf(resourceSpans.parse([{ scopeSpans: [{ spans: [span] }] }]), 'tag');
  assert.deepEqual([found?.span.startMs, found?.span.durationMs], [1_796_008_197_470, 12.001]);
  const open = { ...span, endTimeUnixNano: undefined };
  const [unended] = spansOf(resourceSpans.parse([{ scopeSpans: [{ spans: [open] }] }]), 'tag');
  assert.equal(unended?.span.durationMs, null);
  assert.equal(
    resourceSpans.safeParse([{ scopeSpans: [{ spans: [{ ...span, endTimeUnixNano: 'soon' }] }] }]).success,
    false,
  );
});

test('should read ids also as base64, as the JSON of protobuf has bytes', () => {
  const spans = spansOf(resourceSpans.parse(otlp(base64)), 'plumbline.mark');
  assert.deepEqual(
    spans.map(({ trace, span }) => [trace, span.id]),
    [
      [ID, SERVER],
      [ID, CHILD],
    ],
  );
});

test('should read the same trace from the API v3 of Jaeger 2, and take what is missing for missing', async () => {
  await withProbe(
    'jaeger2',
    ({ path }) => (path.endsWith(ID) ? { body: { result: { resourceSpans: otlp(hex) } } } : NO_TRACE),
    async (probe, asked) => {
      const others = Array.from({ length: 20 }, (_, index) => index.toString(16).padStart(32, '1'));
      assert.deepEqual(await probe.byIds([ID, ...others], BOUNDS), EXPECTED);
      assert.equal(asked.length, 21);
      assert.equal(asked[0]?.path, `/api/v3/traces/${ID}`);
    },
  );
  await withProbe(
    'jaeger2',
    () => ({ status: 500, body: { error: { httpCode: 500, message: 'storage is gone' } } }),
    (probe) => assert.rejects(probe.byIds([ID], BOUNDS), why(/^failed: .*500.*storage is gone/)),
  );
});

test('should search API v3 by names that every version knows, and keep only what carries the id', async () => {
  await withProbe(
    'jaeger2',
    () => ({ body: { result: { resourceSpans: otlp(hex) } } }),
    async (probe, asked) => {
      const search = {
        service: 'gateway',
        correlationId: 'run/1',
        fromMs: 1_700_000_000_000,
        toMs: 1_700_000_001_000,
      };
      assert.deepEqual(await probe.byCorrelationId(search, BOUNDS), EXPECTED);
      assert.deepEqual(await probe.byCorrelationId({ ...search, correlationId: 'run/2' }, BOUNDS), []);
      const query = new URL(asked[0]?.path ?? '', 'http://x').searchParams;
      for (const name of ['query.startTimeMin', 'query.start_time_min'])
        assert.equal(query.get(name), '2023-11-14T22:13:20.000Z', name);
      assert.equal(query.get('query.attributes'), '{"plumbline.mark":"run/1"}');
    },
  );
});

const zipkinSpan = (id: string, service: string, more: Record<string, unknown>) => ({
  traceId: ID,
  id,
  localEndpoint: { serviceName: service },
  timestamp: 1,
  duration: 1,
  ...more,
});

test('should read the same trace from Zipkin, with the capitals that it takes from declared names', async () => {
  const spans = [
    {
      traceId: ID,
      id: SERVER,
      name: 'POST /tenders',
      kind: 'SERVER',
      timestamp: 1_700_000_000_000_000,
      duration: 12_500,
      tags: { 'plumbline.mark': 'run/1' },
      localEndpoint: { serviceName: 'gateway' },
    },
    {
      traceId: ID,
      id: CHILD,
      parentId: SERVER,
      name: 'insert tenders',
      kind: 'CLIENT',
      timestamp: 1_700_000_000_001_000,
      duration: 2_000,
      localEndpoint: { serviceName: 'tender-api' },
    },
  ];
  await withProbe(
    'zipkin',
    // As 3.6.1 answers: one trace by a path of its own, and several by another, which refuses one.
    ({ path }) => {
      if (path.startsWith('/api/v2/trace/'))
        return path.endsWith(ID) ? { body: spans } : { status: 404, body: 'not found' };
      return { body: [spans] };
    },
    async (probe, asked) => {
      assert.deepEqual(await probe.byIds([ID], BOUNDS), EXPECTED);
      assert.deepEqual(await probe.byIds(['1'.repeat(32)], BOUNDS), []);
      assert.deepEqual(await probe.byIds([ID, '1'.repeat(32)], BOUNDS), EXPECTED);
      assert.deepEqual(
        asked.map(({ path }) => path),
        [
          `/api/v2/trace/${ID}`,
          `/api/v2/trace/${'1'.repeat(32)}`,
          `/api/v2/traceMany?traceIds=${ID},${'1'.repeat(32)}`,
        ],
      );
    },
  );
});

test('should tell the halves of a span that client and server share, and what is below which', async () => {
  const half = '37ad6b7169203331';
  const spans = [
    zipkinSpan(SERVER, 'gateway', { kind: 'CLIENT' }),
    zipkinSpan(SERVER, 'tender-api', { kind: 'SERVER', shared: true }),
    zipkinSpan(CHILD, 'tender-api', { parentId: SERVER }),
    zipkinSpan('000000000000000a', 'gateway', { parentId: SERVER }),
  ];
  await withProbe(
    'zipkin',
    () => ({ body: spans }),
    async (probe) => {
      const [trace] = await probe.byIds([ID], BOUNDS);
      assert.deepEqual(
        trace?.spans.map(({ id, parent }) => [id, parent]),
        [
          [SERVER, null],
          [half, SERVER],
          [CHILD, half],
          ['000000000000000a', SERVER],
        ],
      );
    },
  );
});

test('should name a login page where a store of traces was expected', async () => {
  for (const kind of ['jaeger', 'jaeger2', 'zipkin']) {
    await withProbe(
      kind,
      () => ({ status: 302, location: 'https://login.example.com/', body: '' }),
      (probe) =>
        assert.rejects(
          probe.byIds([ID], BOUNDS),
          /redirects to https:\/\/login\.example\.com\/, as to a login page/,
        ),
    );
    await withProbe(
      kind,
      () => ({ body: '<!DOCTYPE html><html>Sign in</html>' }),
      (probe) => assert.rejects(probe.byIds([ID], BOUNDS), /a web page answers where JSON was expected/),
    );
  }
});
