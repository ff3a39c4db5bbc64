import { z } from 'zod';
import { shapedAs } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';
import type { DeclaredTraces, TraceKind } from './kind.ts';
import { groupsOf, HttpTraces, spanId, spanKind, traceId } from './probe.ts';
import type { CorrelationSearch, Span, Trace, TraceProbe } from './probe.ts';

const FEW = 5;

/**
 * Zipkin API v2 (https://zipkin.io/zipkin-api/, 1.0.0): `/api/v2/trace/ID`, and `/api/v2/traceMany` for several, which refuses a single one
 * (3.6.1); `/api/v2/traces` searches.
 */
const span = z.object({
  traceId: z.string(),
  id: z.string(),
  parentId: z.string().optional(),
  name: z.string().default(''),
  kind: z.string().optional(),
  /** The server's half of a span whose other half its client recorded under the same id. */
  shared: z.boolean().optional(),
  /** µs. */
  timestamp: z.number().default(0),
  duration: z.number().optional(),
  localEndpoint: z.object({ serviceName: z.string().default('') }).optional(),
  tags: z.record(z.string(), z.string()).default({}),
});
const one = z.array(span);
const answer = z.array(one);
type ZipkinSpan = z.infer<typeof span>;

class ZipkinProbe extends HttpTraces implements TraceProbe {
  readonly kind = 'zipkin';
  readonly #services: readonly string[];
  readonly #names: readonly string[];

  constructor(address: SignalAddress, { correlationTag, path }: DeclaredTraces) {
    super(address, correlationTag);
    this.#services = path.map(({ service }) => service);
    this.#names = path.flatMap(({ spans }) => spans.map(({ name }) => name));
  }

  async byIds(ids: readonly string[], bounds: SignalBounds): Promise<Trace[]> {
    const found: Trace[] = [];
    for (const some of groupsOf(ids)) found.push(...(await this.#some(some, bounds)));
    await this.notEmpty({ asked: ids, found }, () =>
      this.client.get(z.array(z.string()), { path: '/api/v2/services' }, bounds),
    );
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

  async #some(ids: readonly string[], bounds: SignalBounds): Promise<Trace[]> {
    const [only, ...others] = ids;
    if (only === undefined || others.length > 0)
      return this.#ask(`/api/v2/traceMany?traceIds=${ids.join(',')}`, bounds);
    const path = `/api/v2/trace/${only}`;
    const answer = await this.client.ask({ path }, bounds);
    // In plain words: `… not found`.
    if (this.isMissing(answer, path)) return [];
    const data = this.client.parsed(answer, path);
    return this.#traces([shapedAs(one, data, `${this.client.url}${path}`)]);
  }

  async #ask(path: string, bounds: SignalBounds): Promise<Trace[]> {
    return this.#traces(await this.client.get(answer, { path }, bounds));
  }

  #traces(traces: z.infer<typeof answer>): Trace[] {
    return traces.flatMap((spans) => {
      const [first] = spans;
      return first === undefined ? [] : [{ id: traceId(first.traceId), spans: this.#spans(spans) }];
    });
  }

  #spans(spans: readonly ZipkinSpan[]): Span[] {
    const halves = new Map(spans.filter(({ shared }) => shared === true).map((one) => [one.id, one]));
    const others = new Set(spans.filter(({ shared }) => shared !== true).map(({ id }) => id));
    return spans.map((one): Span => {
      const own = spanId(one.id);
      // What is below a shared id belongs to the half of its own service.
      const above = one.parentId === undefined ? undefined : halves.get(one.parentId);
      const belowServer = above !== undefined && serviceOf(above) === serviceOf(one);
      const parent = one.parentId === undefined ? null : spanId(one.parentId);
      const isServerHalf = one.shared === true && others.has(one.id);
      return {
        id: one.shared === true ? otherHalf(own) : own,
        parent: isServerHalf ? own : belowServer && parent !== null ? otherHalf(parent) : parent,
        service: asDeclared(serviceOf(one), this.#services),
        name: asDeclared(one.name, this.#names),
        kind: spanKind(one.kind),
        startMs: one.timestamp / 1000,
        durationMs: durationOf(one),
        correlationId: one.tags[this.correlationTag] ?? null,
      };
    });
  }
}

function serviceOf({ localEndpoint }: ZipkinSpan): string {
  return localEndpoint?.serviceName ?? '';
}

/** In ms. */
function durationOf({ duration }: ZipkinSpan): number | null {
  return duration === undefined ? null : duration / 1000;
}

/** Another id of 16 hexadecimal digits: its first bit is the other one. */
function otherHalf(id: string): string {
  return (BigInt(`0x${id}`) ^ (1n << 63n)).toString(16).padStart(16, '0');
}

/** Zipkin keeps names in small letters: one that is declared gets its capitals back, also where more follows behind a blank. */
function asDeclared(name: string, declared: readonly string[]): string {
  const small = name.toLowerCase();
  const found = declared.find(
    (one) => small === one.toLowerCase() || small.startsWith(`${one.toLowerCase()} `),
  );
  return found === undefined ? name : `${found}${name.slice(found.length)}`;
}

export const zipkin: TraceKind = {
  kind: 'zipkin',
  label: 'Zipkin',
  metWith: '3.6',
  probe: (declared, address) => new ZipkinProbe(address, declared),
};
