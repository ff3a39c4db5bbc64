import { z } from 'zod';
import { shapedAs, SignalError } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';
import { tenant as tenantKey, withTenant } from '../signals/kinds.ts';
import type { TraceKind } from './kind.ts';
import { resourceSpans, spansOf } from './otlp.ts';
import type { ResourceSpans } from './otlp.ts';
import { eachTrace, HttpTraces, traceId } from './probe.ts';
import type { CorrelationSearch, Trace, TraceProbe } from './probe.ts';

const FEW = 5;
/** A tenant's traces that have come since then count. */
const TENANT_MS = 3_600_000;

/**
 * HTTP API of Grafana Tempo 2.9 (docs/sources/tempo/api_docs/_index.md of its repository, August 2026): `/api/v2/traces/ID` answers OTLP as
 * JSON, in which ids are base64, and says whether the trace is whole; servers before 2.7 know `/api/traces/ID` alone. `/api/search` takes TraceQL.
 */
const whole = z.object({
  trace: z.object({ resourceSpans }).nullish(),
  status: z.union([z.string(), z.number()]).optional(),
  message: z.string().optional(),
});
const older = z.object({ batches: resourceSpans });
const search = z.object({ traces: z.array(z.object({ traceID: z.string() })).default([]) });

/** protobuf's JSON has the name of the value, or its number. */
const PARTIAL: readonly unknown[] = ['PARTIAL', 1];

const own = { tenant: tenantKey };
const settings = z.object(own);

class TempoProbe extends HttpTraces implements TraceProbe {
  readonly kind = 'tempo';
  readonly #tenant: string | undefined;
  #older = false;
  /** Something of the tenant was seen: then a trace that is missing is missing. */
  #known = false;

  constructor(address: SignalAddress, of: { correlationTag: string; tenant: string | undefined }) {
    super(withTenant(address, of.tenant), of.correlationTag);
    this.#tenant = of.tenant;
  }

  async byIds(ids: readonly string[], bounds: SignalBounds): Promise<Trace[]> {
    const found = await eachTrace(ids, async (id) => {
      const own = spansOf(await this.#trace(id, bounds), this.correlationTag);
      return own.length === 0 ? null : { id, spans: own.map(({ span }) => span) };
    });
    if (found.length > 0) this.#known = true;
    else if (ids.length > 0) await this.#anything(bounds);
    return found;
  }

  async byCorrelationId(
    { service, correlationId, fromMs, toMs }: CorrelationSearch,
    bounds: SignalBounds,
  ): Promise<Trace[]> {
    const text = (one: string): string => JSON.stringify(one);
    const q = `{ resource.service.name = ${text(service)} && span.${text(this.correlationTag)} = ${text(correlationId)} }`;
    return this.byIds(await this.#search(q, { fromMs, toMs, limit: FEW }, bounds), bounds);
  }

  /** Nothing, where it is not there: v2 answers an empty trace, v1 a 404. */
  async #trace(id: string, bounds: SignalBounds): Promise<ResourceSpans> {
    if (this.#older) return this.#olderTrace(id, bounds);
    const path = `/api/v2/traces/${id}`;
    const answer = await this.client.ask({ path }, bounds);
    const { status, text } = answer;
    if (status === 404 && /page not found/.test(text)) {
      this.#older = true;
      return this.#olderTrace(id, bounds);
    }
    if (this.isMissing(answer, path)) return [];
    const at = `${this.client.url}${path}`;
    const data = this.client.parsed(answer, path);
    const { trace, status: completeness, message = '' } = shapedAs(whole, data ?? {}, at);
    if (PARTIAL.includes(completeness))
      throw new SignalError(`${at}: the trace is not whole: ${message}`, { reason: 'failed' });
    return trace?.resourceSpans ?? [];
  }

  async #olderTrace(id: string, bounds: SignalBounds): Promise<ResourceSpans> {
    const path = `/api/traces/${id}`;
    const answer = await this.client.ask({ path }, bounds);
    if (this.isMissing(answer, path)) return [];
    const data = this.client.parsed(answer, path);
    return shapedAs(older, data, `${this.client.url}${path}`).batches;
  }

  async #search(
    q: string,
    { fromMs, toMs, limit }: { fromMs: number; toMs: number; limit: number },
    bounds: SignalBounds,
  ): Promise<string[]> {
    const start = String(Math.floor(fromMs / 1000));
    const end = String(Math.ceil(toMs / 1000));
    const query = new URLSearchParams({ q, start, end, limit: String(limit) });
    const { data } = await this.client.json({ path: `/api/search?${query.toString()}` }, bounds);
    const { traces } = shapedAs(search, data, `${this.client.url}/api/search`);
    return traces.map(({ traceID }) => traceId(traceID));
  }

  /** A server of several tenants answers another tenant's name with nothing. @throws SignalError that says so */
  async #anything(bounds: SignalBounds): Promise<void> {
    if (this.#tenant === undefined || this.#known) return;
    const toMs = Date.now();
    const any = await this.#search('{}', { fromMs: toMs - TENANT_MS, toMs, limit: 1 }, bounds);
    this.#known = any.length > 0;
    if (this.#known) return;
    throw new SignalError(
      `${this.client.url}: no trace of the tenant ${this.#tenant} has come in the last hour: another tenant (telemetry.traces.tenant) has them, or none arrives at all`,
      { reason: 'failed' },
    );
  }
}

export const tempo: TraceKind = {
  kind: 'tempo',
  label: 'Tempo',
  metWith: null,
  own,
  probe: (declared, address) => {
    const { tenant } = settings.parse(declared);
    return new TempoProbe(address, { correlationTag: declared.correlationTag, tenant });
  },
};
