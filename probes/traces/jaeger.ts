import { z } from 'zod';
import { shapedAs, SignalError } from '../signals/index.ts';
import type { SignalBounds } from '../signals/index.ts';
import { groupsOf, HttpTraces, spanId, spanKind, traceId } from './probe.ts';
import type { TraceKind } from './kind.ts';
import type { CorrelationSearch, Span, Trace, TraceProbe } from './probe.ts';

/** Most traces fetched for one correlation id; normally there is one. */
const FEW = 5;

/**
 * Query API of Jaeger 1.76, `/api/traces`, which its own UI uses (https://www.jaegertracing.io/docs/1.76/architecture/apis/). Jaeger 2 has it
 * up to 2.20; its repository took the search away in August 2026 (#9260): then API v3 is left.
 */
const tag = z.object({ key: z.string(), value: z.unknown() });
const answer = z.object({
  data: z
    .array(
      z.object({
        traceID: z.string(),
        spans: z.array(
          z.object({
            spanID: z.string(),
            operationName: z.string(),
            references: z
              .array(z.object({ refType: z.string(), traceID: z.string(), spanID: z.string() }))
              .nullish(),
            /** µs. */
            startTime: z.number(),
            duration: z.number(),
            tags: z.array(tag).nullish(),
            processID: z.string(),
          }),
        ),
        processes: z.record(z.string(), z.object({ serviceName: z.string() })),
      }),
    )
    .nullable(),
  errors: z.array(z.object({ code: z.number().optional(), msg: z.string() })).nullish(),
});
/** `data` is null where there is none. */
const services = z.object({ data: z.array(z.string()).nullable() });
type JaegerTrace = NonNullable<z.infer<typeof answer>['data']>[number];

class JaegerProbe extends HttpTraces implements TraceProbe {
  readonly kind = 'jaeger';

  async byIds(ids: readonly string[], bounds: SignalBounds): Promise<Trace[]> {
    const found: Trace[] = [];
    for (const some of groupsOf(ids)) {
      const query = new URLSearchParams(some.map((id): [string, string] => ['traceID', id]));
      found.push(...(await this.#ask(query, bounds)));
    }
    await this.notEmpty({ asked: ids, found }, () => this.#services(bounds));
    return found;
  }

  async #services(bounds: SignalBounds): Promise<readonly string[]> {
    return (await this.client.get(services, { path: '/api/services' }, bounds)).data ?? [];
  }

  byCorrelationId(
    { service, correlationId, fromMs, toMs }: CorrelationSearch,
    bounds: SignalBounds,
  ): Promise<Trace[]> {
    const query = new URLSearchParams({
      service,
      tags: JSON.stringify({ [this.correlationTag]: correlationId }),
      start: String(Math.floor(fromMs * 1000)),
      end: String(Math.ceil(toMs * 1000)),
      limit: String(FEW),
    });
    return this.#ask(query, bounds);
  }

  /** A missing trace is an entry of `errors` with 404; if all are missing, the whole answer is a 404. */
  async #ask(query: URLSearchParams, bounds: SignalBounds): Promise<Trace[]> {
    const path = `/api/traces?${query.toString()}`;
    const { data } = await this.client.json({ path }, bounds, [404]).catch((error: unknown) => {
      if (!(error instanceof SignalError) || error.status !== 404) throw error;
      // Go's own words for a path that a server does not know.
      const said = `${this.client.url} has no /api/traces: a Jaeger 2 after 2.20 is asked with telemetry.traces.kind: jaeger2`;
      throw new SignalError(said, { reason: 'failed', status: 404, cause: error });
    });
    const { data: traces, errors } = shapedAs(answer, data, `${this.client.url}/api/traces`);
    const real = (errors ?? []).filter(({ code, msg }) => code !== 404 && !/not found/i.test(msg));
    if (real[0] !== undefined)
      throw new SignalError(`${this.client.url}/api/traces: ${real[0].msg}`, { reason: 'failed' });
    return (traces ?? []).map((trace) => this.#trace(trace));
  }

  #trace({ traceID, spans, processes }: JaegerTrace): Trace {
    const id = traceId(traceID);
    return {
      id,
      spans: spans.map((span): Span => {
        const tags = new Map((span.tags ?? []).map(({ key, value }) => [key, value]));
        const parent = (span.references ?? []).find(
          (one) => one.refType === 'CHILD_OF' && traceId(one.traceID) === id,
        );
        const correlationId = tags.get(this.correlationTag);
        return {
          id: spanId(span.spanID),
          parent: parent === undefined ? null : spanId(parent.spanID),
          service: processes[span.processID]?.serviceName ?? '',
          name: span.operationName,
          kind: spanKind(tags.get('span.kind')),
          startMs: span.startTime / 1000,
          durationMs: span.duration / 1000,
          correlationId: typeof correlationId === 'string' ? correlationId : null,
        };
      }),
    };
  }
}

export const jaeger: TraceKind = {
  kind: 'jaeger',
  label: 'Jaeger',
  metWith: '1.76',
  probe: ({ correlationTag }, address) => new JaegerProbe(address, correlationTag),
};
