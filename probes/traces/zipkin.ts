import { z } from 'zod';
import { shapedAs } from '../signals/index.ts';
import type { SignalBounds } from '../signals/index.ts';
import { groupsOf, HttpTraces, spanId, spanKind, traceId } from './probe.ts';
import type { CorrelationSearch, Span, Trace, TraceProbe } from './probe.ts';

const FEW = 5;

/** Zipkin API v2 (https://zipkin.io/zipkin-api/, read for 1.0.0): `/api/v2/traceMany`, `/api/v2/traces`. Never tried against a Zipkin: stubbed. */
const span = z.object({
  traceId: z.string(),
  id: z.string(),
  parentId: z.string().optional(),
  name: z.string().default(''),
  kind: z.string().optional(),
  /** µs. */
  timestamp: z.number().default(0),
  duration: z.number().default(0),
  localEndpoint: z.object({ serviceName: z.string().default('') }).optional(),
  tags: z.record(z.string(), z.string()).default({}),
});
const answer = z.array(z.array(span));

export class ZipkinProbe extends HttpTraces implements TraceProbe {
  readonly kind = 'zipkin';
  readonly stubbed = true;

  async byIds(ids: readonly string[], bounds: SignalBounds): Promise<Trace[]> {
    const found: Trace[] = [];
    for (const some of groupsOf(ids))
      found.push(...(await this.#ask(`/api/v2/traceMany?traceIds=${some.join(',')}`, bounds)));
    return found;
  }

  byCorrelationId(
    { service, correlationId, fromMs, toMs }: CorrelationSearch,
    bounds: SignalBounds,
  ): Promise<Trace[]> {
    const query = new URLSearchParams({
      serviceName: service,
      annotationQuery: `${this.correlationTag}=${correlationId}`,
      endTs: String(Math.ceil(toMs)),
      lookback: String(Math.ceil(toMs - fromMs)),
      limit: String(FEW),
    });
    return this.#ask(`/api/v2/traces?${query.toString()}`, bounds);
  }

  async #ask(path: string, bounds: SignalBounds): Promise<Trace[]> {
    const { data } = await this.client.json({ path }, bounds);
    const traces = shapedAs(answer, data, `${this.client.url}${path.replace(/\?.*$/, '')}`);
    return traces.flatMap((spans) => {
      const [first] = spans;
      if (first === undefined) return [];
      return [{ id: traceId(first.traceId), spans: spans.map((one) => this.#span(one)) }];
    });
  }

  #span(one: z.infer<typeof span>): Span {
    return {
      // A server shares the id of its client's span where both were recorded by Zipkin's own libraries; OpenTelemetry's never do.
      id: spanId(one.id),
      parent: one.parentId === undefined ? null : spanId(one.parentId),
      service: one.localEndpoint?.serviceName ?? '',
      name: one.name,
      kind: spanKind(one.kind),
      startMs: one.timestamp / 1000,
      durationMs: one.duration / 1000,
      correlationId: one.tags[this.correlationTag] ?? null,
    };
  }
}
