import { z } from 'zod';
import { shapedAs } from '../signals/index.ts';
import type { SignalBounds } from '../signals/index.ts';
import { HttpTraces, spanId, spanKind, traceId } from './probe.ts';
import type { CorrelationSearch, Span, Trace, TraceProbe } from './probe.ts';

const FEW = 5;

/**
 * HTTP API of Grafana Tempo 2.9 (https://grafana.com/docs/tempo/latest/api_docs/): `/api/traces/ID` answers OTLP as JSON, in which ids are
 * base64; `/api/search` takes TraceQL. Never tried against a Tempo: stubbed.
 */
const value = z.object({ stringValue: z.string().optional() }).catchall(z.unknown());
const attributes = z.array(z.object({ key: z.string(), value })).default([]);
const span = z.object({
  spanId: z.string(),
  parentSpanId: z.string().default(''),
  name: z.string().default(''),
  kind: z.union([z.string(), z.number()]).default(''),
  startTimeUnixNano: z.union([z.string(), z.number()]),
  endTimeUnixNano: z.union([z.string(), z.number()]),
  attributes,
});
const batch = z.object({
  resource: z.object({ attributes }).default({ attributes: [] }),
  scopeSpans: z.array(z.object({ spans: z.array(span).default([]) })).default([]),
});
const traceAnswer = z.object({ batches: z.array(batch).default([]) });
const searchAnswer = z.object({ traces: z.array(z.object({ traceID: z.string() })).default([]) });

/** OTLP's numbers of kinds (opentelemetry-proto, trace.proto). */
const KINDS: readonly string[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

export class TempoProbe extends HttpTraces implements TraceProbe {
  readonly kind = 'tempo';
  readonly stubbed = true;

  async byIds(ids: readonly string[], bounds: SignalBounds): Promise<Trace[]> {
    const found: Trace[] = [];
    for (const id of ids) {
      const path = `/api/traces/${id}`;
      const { status, data } = await this.client.json({ path }, bounds, [404]);
      if (status === 404) continue;
      const { batches } = shapedAs(traceAnswer, data, `${this.client.url}${path}`);
      const spans = batches.flatMap((one) => this.#spans(one));
      if (spans.length > 0) found.push({ id, spans });
    }
    return found;
  }

  async byCorrelationId(
    { service, correlationId, fromMs, toMs }: CorrelationSearch,
    bounds: SignalBounds,
  ): Promise<Trace[]> {
    const text = (one: string): string => JSON.stringify(one);
    const q = `{ resource.service.name = ${text(service)} && span.${text(this.correlationTag)} = ${text(correlationId)} }`;
    const query = new URLSearchParams({
      q,
      start: String(Math.floor(fromMs / 1000)),
      end: String(Math.ceil(toMs / 1000)),
      limit: String(FEW),
    });
    const path = `/api/search?${query.toString()}`;
    const { data } = await this.client.json({ path }, bounds);
    const { traces } = shapedAs(searchAnswer, data, `${this.client.url}/api/search`);
    return this.byIds(
      traces.map(({ traceID }) => traceId(traceID)),
      bounds,
    );
  }

  #spans({ resource, scopeSpans }: z.infer<typeof batch>): Span[] {
    const service = textOf(resource.attributes, 'service.name') ?? '';
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((one): Span => {
        const startMs = Number(one.startTimeUnixNano) / 1e6;
        const parent = hexOf(one.parentSpanId);
        return {
          id: spanId(hexOf(one.spanId)),
          parent: /^0*$/.test(parent) ? null : spanId(parent),
          service,
          name: one.name,
          kind: spanKind(typeof one.kind === 'number' ? KINDS[one.kind] : one.kind),
          startMs,
          durationMs: Number(one.endTimeUnixNano) / 1e6 - startMs,
          correlationId: textOf(one.attributes, this.correlationTag) ?? null,
        };
      }),
    );
  }
}

function textOf(of: z.infer<typeof attributes>, key: string): string | undefined {
  return of.find((one) => one.key === key)?.value.stringValue;
}

/** Ids of spans are 8 bytes: 16 hexadecimal digits, or base64 as protobuf's JSON has bytes. */
function hexOf(id: string): string {
  return /^[0-9a-f]{16}$/i.test(id) || id === '' ? id : Buffer.from(id, 'base64').toString('hex');
}
