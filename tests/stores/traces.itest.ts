/** The adapters of traces against Jaeger, by both of its query APIs, and against Zipkin: spans are sent, and read back. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import { telemetry } from '../../probes/signals/declaration.ts';
import { traceProbe } from '../../probes/traces/index.ts';
import type { Trace, TraceProbe } from '../../probes/traces/index.ts';
import { faultsOf } from '../../reports/record/names/trace-faults.ts';
import { TraceServer } from './trace-servers.ts';

const BOUNDS = { deadlineMs: 20_000 };
const ARRIVES_MS = 30_000;
const TAG = 'plumbline.mark';
/** With capitals, of which Zipkin keeps none. */
const PATH = [
  { service: 'Gateway', spans: [{ name: 'POST /orders' }] },
  { service: 'Orders', parent: 'Gateway', spans: [{ name: 'INSERT' }] },
];

interface Sent {
  trace: string;
  correlationId: string;
  /** Ids of the gateway's span, of the server's, and of its call to a store. */
  ids: [string, string, string];
  startMs: number;
}

function sent(): Sent {
  const id = (bytes: number): string => randomBytes(bytes).toString('hex');
  const trace = id(16);
  return { trace, correlationId: `run/${trace}`, ids: [id(8), id(8), id(8)], startMs: Date.now() };
}

function otlp({ trace, correlationId, ids: [gateway, server, call], startMs }: Sent): unknown {
  const ns = (ms: number): string => `${ms}000000`;
  const span = (spanId: string, parentSpanId: string, name: string, kind: number) => ({
    traceId: trace,
    spanId,
    parentSpanId,
    name,
    kind,
    startTimeUnixNano: ns(startMs),
    endTimeUnixNano: ns(startMs + 12),
    attributes: parentSpanId === '' ? [{ key: TAG, value: { stringValue: correlationId } }] : [],
  });
  const service = (name: string, spans: unknown[]) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: name } }] },
    scopeSpans: [{ spans }],
  });
  return {
    resourceSpans: [
      service('Gateway', [span(gateway, '', 'POST /orders', 2)]),
      service('Orders', [span(server, gateway, 'GET', 2), span(call, server, 'INSERT orders', 3)]),
    ],
  };
}

function zipkinSpans({ trace, correlationId, ids: [gateway, server, call], startMs }: Sent): unknown {
  const span = (id: string, service: string, more: object) => ({
    traceId: trace,
    id,
    localEndpoint: { serviceName: service },
    timestamp: startMs * 1000,
    duration: 12_000,
    ...more,
  });
  return [
    span(gateway, 'Gateway', { name: 'POST /orders', kind: 'SERVER', tags: { [TAG]: correlationId } }),
    span(server, 'Orders', { parentId: gateway, name: 'GET', kind: 'SERVER' }),
    span(call, 'Orders', { parentId: server, name: 'INSERT orders', kind: 'CLIENT' }),
  ];
}

function probeOf(kind: string, url: string): TraceProbe {
  const { traces } = telemetry.parse({ traces: { kind, url, path: PATH, correlationTag: TAG } });
  return traceProbe(traces ?? assert.fail('no traces'), { url });
}

function arrived(probe: TraceProbe, { trace }: Sent): Promise<Trace> {
  const look = async (): Promise<Trace | null> => {
    const [found] = await probe.byIds([trace], BOUNDS);
    return found === undefined || found.spans.length < 3 ? null : found;
  };
  return waitFor(look, { what: `the spans of ${trace}`, deadlineMs: ARRIVES_MS });
}

interface Trial {
  start: () => Promise<TraceServer>;
  spans: (of: Sent) => unknown;
  kinds: readonly string[];
}

const TRIALS: Readonly<Record<string, Trial>> = {
  Jaeger: { start: () => TraceServer.jaeger(), spans: otlp, kinds: ['jaeger', 'jaeger2'] },
  Zipkin: { start: () => TraceServer.zipkin(), spans: zipkinSpans, kinds: ['zipkin'] },
};

/** Zipkin's own libraries: the server joins the span of its client. */
describe('spans of Zipkin that client and server share', () => {
  let server: TraceServer;
  before(async () => {
    server = await TraceServer.zipkin();
  });
  after(async () => {
    await server.stop();
  });

  it('should be two, the one below the other, with what is below each', async () => {
    const probe = probeOf('zipkin', server.url);
    const one = sent();
    const [gateway, shared, call] = one.ids;
    const span = (id: string, serviceName: string, more: object) => ({
      traceId: one.trace,
      id,
      localEndpoint: { serviceName },
      timestamp: one.startMs * 1000,
      duration: 1_000,
      name: 'x',
      ...more,
    });
    await server.take([
      span(gateway, 'Gateway', { kind: 'SERVER', name: 'POST /orders' }),
      span(shared, 'Gateway', { parentId: gateway, kind: 'CLIENT' }),
      span(shared, 'Orders', { parentId: gateway, kind: 'SERVER', shared: true }),
      span(call, 'Orders', { parentId: shared, kind: 'CLIENT', name: 'INSERT orders' }),
    ]);
    const look = async (): Promise<Trace | null> => {
      const [found] = await probe.byIds([one.trace], BOUNDS);
      return found?.spans.length === 4 ? found : null;
    };
    const { spans } = await waitFor(look, { what: `the spans of ${one.trace}`, deadlineMs: ARRIVES_MS });
    assert.equal(new Set(spans.map(({ id }) => id)).size, 4);
    const orders = spans.find(({ service, kind }) => service === 'Orders' && kind === 'server');
    assert.equal(orders?.parent, shared);
    assert.equal(spans.find(({ id }) => id === call)?.parent, orders.id);
    const path = PATH.map((hop) => ({ through: 'http', ...hop }));
    assert.deepEqual(faultsOf(spans, path), []);
    probe.close();
  });
});

for (const [name, { start, spans, kinds }] of Object.entries(TRIALS))
  describe(name, () => {
    let server: TraceServer;
    before(async () => {
      server = await start();
    });
    after(async () => {
      await server.stop();
    });

    for (const kind of kinds) {
      it(`should read by kind ${kind} what was sent, as the declared path wants it`, async () => {
        const probe = probeOf(kind, server.url);
        const one = sent();
        await server.take(spans(one));
        const trace = await arrived(probe, one);
        const [gateway, call] = [one.ids[0], one.ids[2]];
        const first = trace.spans.find(({ id }) => id === gateway);
        assert.deepEqual(
          { ...first, name: first?.name.toLowerCase() },
          {
            id: gateway,
            parent: null,
            service: 'Gateway',
            name: 'post /orders',
            kind: 'server',
            startMs: one.startMs,
            durationMs: 12,
            correlationId: one.correlationId,
          },
        );
        assert.equal(trace.id, one.trace);
        assert.equal(trace.spans.find(({ id }) => id === call)?.kind, 'client');
        const path = PATH.map((hop) => ({ through: 'http', ...hop }));
        assert.deepEqual(faultsOf(trace.spans, path), []);
        assert.equal(
          faultsOf(
            trace.spans.filter(({ id }) => id !== call),
            path,
          )[0]?.what,
          'call',
        );
        probe.close();
      });

      it(`should find by kind ${kind} a trace by its correlation id, and no other`, async () => {
        const probe = probeOf(kind, server.url);
        const [one, other] = [sent(), sent()];
        for (const each of [one, other]) await server.take(spans(each));
        await arrived(probe, one);
        await arrived(probe, other);
        const service = 'Gateway';
        const window = { service, fromMs: one.startMs - 60_000, toMs: Date.now() + 60_000 };
        const found = await probe.byCorrelationId({ ...window, correlationId: one.correlationId }, BOUNDS);
        assert.deepEqual(
          found.map(({ id }) => id),
          [one.trace],
        );
        assert.deepEqual(
          await probe.byCorrelationId({ ...window, correlationId: 'run/of-nobody' }, BOUNDS),
          [],
        );
        probe.close();
      });

      it(`should take by kind ${kind} what was never sent for missing`, async () => {
        const probe = probeOf(kind, server.url);
        assert.deepEqual(await probe.byIds([sent().trace, sent().trace], BOUNDS), []);
        probe.close();
      });
    }
  });
