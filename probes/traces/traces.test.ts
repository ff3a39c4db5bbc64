import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignalError } from '../signals/index.ts';
import { standIn } from '../signals/_testing/server.ts';
import type { Asked, Said } from '../signals/_testing/server.ts';
import { traceProbe } from './index.ts';
import type { TraceProbe } from './index.ts';

const BOUNDS = { deadlineMs: 5_000 };
const ID = '0af7651916cd43dd8448eb211c80319c';
const SERVER = 'b7ad6b7169203331';
const CHILD = '00f067aa0ba902b7';

async function withProbe(
  kind: 'jaeger' | 'tempo' | 'zipkin',
  answer: (asked: Asked) => Said,
  work: (probe: TraceProbe, asked: Asked[]) => Promise<void>,
): Promise<void> {
  const server = await standIn(answer);
  const probe = traceProbe({ kind, correlationTag: 'plumbline.mark' }, { url: server.url });
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
        ...{ id: SERVER, parent: null, service: 'gateway', name: 'POST /tenders', kind: 'server' },
        ...{ startMs: 1_700_000_000_000, durationMs: 12.5, correlationId: 'run/1' },
      },
      {
        ...{ id: CHILD, parent: SERVER, service: 'tender-api', name: 'INSERT tenders', kind: 'client' },
        ...{ startMs: 1_700_000_000_001, durationMs: 2, correlationId: null },
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
          ...{
            operationName: 'POST /tenders',
            startTime: 1_700_000_000_000_000,
            duration: 12_500,
            processID: 'p1',
          },
          tags: [
            { key: 'span.kind', value: 'server' },
            { key: 'plumbline.mark', value: 'run/1' },
          ],
        }),
        jaegerSpan('f067aa0ba902b7', {
          ...{
            operationName: 'INSERT tenders',
            startTime: 1_700_000_000_001_000,
            duration: 2_000,
            processID: 'p2',
          },
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
      assert.equal(probe.stubbed, false);
    },
  );
});

test('should take a 404 of Jaeger for nothing found, and any other error for one', async () => {
  await withProbe(
    'jaeger',
    () => ({ status: 404, body: { data: null, errors: [{ code: 404, msg: 'trace not found' }] } }),
    async (probe) => assert.deepEqual(await probe.byIds([ID], BOUNDS), []),
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
        ...{
          service: 'tender-ai',
          tags: '{"plumbline.mark":"run/1"}',
          start: '1000',
          end: '2000',
          limit: '5',
        },
      });
    },
  );
});

test('should read the same trace from Tempo, whose ids of spans are base64', async () => {
  const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
  const span = (spanId: string, more: Record<string, unknown>) => ({ spanId: base64(spanId), ...more });
  const batch = (service: string, spans: unknown[]) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [{ spans }],
  });
  const trace = {
    batches: [
      batch('gateway', [
        span(SERVER, {
          ...{ name: 'POST /tenders', kind: 'SPAN_KIND_SERVER' },
          ...{ startTimeUnixNano: '1700000000000000000', endTimeUnixNano: '1700000000012500000' },
          attributes: [{ key: 'plumbline.mark', value: { stringValue: 'run/1' } }],
        }),
      ]),
      batch('tender-api', [
        span(CHILD, {
          ...{ parentSpanId: base64(SERVER), name: 'INSERT tenders', kind: 3 },
          ...{ startTimeUnixNano: '1700000000001000000', endTimeUnixNano: '1700000000003000000' },
        }),
      ]),
    ],
  };
  await withProbe(
    'tempo',
    ({ path }) => (path.includes(ID) ? { body: trace } : { status: 404, body: 'trace not found' }),
    async (probe) => {
      assert.equal(probe.stubbed, true);
      assert.deepEqual(await probe.byIds([ID], BOUNDS), EXPECTED);
    },
  );
});

test('should read the same trace from Zipkin', async () => {
  const spans = [
    {
      ...{ traceId: ID, id: SERVER, name: 'POST /tenders', kind: 'SERVER' },
      ...{ timestamp: 1_700_000_000_000_000, duration: 12_500, tags: { 'plumbline.mark': 'run/1' } },
      localEndpoint: { serviceName: 'gateway' },
    },
    {
      ...{ traceId: ID, id: CHILD, parentId: SERVER, name: 'INSERT tenders', kind: 'CLIENT' },
      ...{ timestamp: 1_700_000_000_001_000, duration: 2_000 },
      localEndpoint: { serviceName: 'tender-api' },
    },
  ];
  await withProbe(
    'zipkin',
    () => ({ body: [spans] }),
    async (probe, asked) => {
      assert.equal(probe.stubbed, true);
      assert.deepEqual(await probe.byIds([ID], BOUNDS), EXPECTED);
      assert.equal(asked[0]?.path, `/api/v2/traceMany?traceIds=${ID}`);
    },
  );
});
