import { z } from 'zod';
import { shapedAs, SignalError } from '../signals/index.ts';
import type { SignalBounds } from '../signals/index.ts';
import type { TraceKind } from './kind.ts';
import { resourceSpans, spansOf } from './otlp.ts';
import { eachTrace, HttpTraces } from './probe.ts';
import type { CorrelationSearch, Trace, TraceProbe } from './probe.ts';

/** Most traces that a search answers. */
const MOST = 50;
const FEW = 5;

/**
 * API v3 of Jaeger 2, which 1.76 has too (jaeger-idl, proto/api_v3/query_service.proto; its HTTP gateway in jaeger's repository): OTLP as JSON.
 * A trace that is not there is a 404 with a JSON error.
 */
const answer = z.object({
  result: z.object({ resourceSpans }).optional(),
  error: z.object({ httpCode: z.number().optional(), message: z.string().optional() }).optional(),
});

/** A list that is empty is left out. */
const services = z.object({ services: z.array(z.string()).nullish() });

class Jaeger2Probe extends HttpTraces implements TraceProbe {
  readonly kind = 'jaeger2';

  async byIds(ids: readonly string[], bounds: SignalBounds): Promise<Trace[]> {
    const found = await eachTrace(ids, async (id) => {
      const [trace] = await this.#ask(`/api/v3/traces/${id}`, bounds);
      return trace === undefined ? null : { ...trace, id };
    });
    await this.notEmpty({ asked: ids, found }, () => this.#services(bounds));
    return found;
  }

  async #services(bounds: SignalBounds): Promise<readonly string[]> {
    return (await this.client.get(services, { path: '/api/v3/services' }, bounds)).services ?? [];
  }

  async byCorrelationId(
    { service, correlationId, fromMs, toMs }: CorrelationSearch,
    bounds: SignalBounds,
  ): Promise<Trace[]> {
    const from = new Date(Math.floor(fromMs)).toISOString();
    const to = new Date(Math.ceil(toMs)).toISOString();
    const query = new URLSearchParams({
      // Names with capitals are known from 2.19, those with underscores in every version.
      'query.serviceName': service,
      'query.service_name': service,
      'query.startTimeMin': from,
      'query.start_time_min': from,
      'query.startTimeMax': to,
      'query.start_time_max': to,
      'query.searchDepth': String(MOST),
      'query.search_depth': String(MOST),
      'query.num_traces': String(MOST),
      'query.attributes': JSON.stringify({ [this.correlationTag]: correlationId }),
    });
    const found = await this.#ask(`/api/v3/traces?${query.toString()}`, bounds);
    // Before 2.19 it does not filter by attributes.
    return found
      .filter(({ spans }) =>
        spans.some((one) => one.service === service && one.correlationId === correlationId),
      )
      .slice(0, FEW);
  }

  async #ask(path: string, bounds: SignalBounds): Promise<Trace[]> {
    const { status, data } = await this.client.json({ path }, bounds, [404]);
    const at = `${this.client.url}${path.replace(/\?.*$/, '')}`;
    const { result, error } = shapedAs(answer, data, at);
    if (status === 404 && error === undefined)
      throw new SignalError(`${at}: status 404, not as Jaeger says that a trace is not there`, {
        reason: 'failed',
        status,
      });
    const spans = spansOf(result?.resourceSpans ?? [], this.correlationTag);
    return [...Map.groupBy(spans, ({ trace }) => trace)].map(([id, own]) => ({
      id,
      spans: own.map(({ span }) => span),
    }));
  }
}

export const jaeger2: TraceKind = {
  kind: 'jaeger2',
  label: 'Jaeger 2',
  metWith: null,
  probe: ({ correlationTag }, address) => new Jaeger2Probe(address, correlationTag),
};
