/** Creates spans with the OpenTelemetry SDK, and knows the current one. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  defaultTextMapSetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type SpanContext,
  type Span as SdkSpan,
  type Tracer as SdkTracer,
} from '@opentelemetry/api';
import { parseTraceParent, W3CTraceContextPropagator } from '@opentelemetry/core';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
} as const;

export interface SpanOptions {
  readonly kind: keyof typeof KINDS;
  /** The caller's trace context, from its header or message. Default: the current span; without one, a new trace. */
  readonly parent?: SpanContext | undefined;
  readonly mark?: string | undefined;
  readonly attributes?: Attributes;
}

/** The attribute with a request's mark. */
const MARK_ATTRIBUTE = 'plumbline.mark';
const ERROR_TYPE = 'error.type'; // OpenTelemetry's semantic conventions, attributes of errors

const propagator = new W3CTraceContextPropagator();

/** The trace context in a `traceparent`; undefined if that is missing or invalid: then the caller begins a new trace. */
export function parseTraceparent(header: unknown): SpanContext | undefined {
  const found = typeof header === 'string' ? parseTraceParent(header) : null;
  return found === null ? undefined : { ...found, isRemote: true };
}

export class Span {
  readonly context: SpanContext;
  readonly mark: string | undefined;
  readonly #span: SdkSpan;

  constructor(span: SdkSpan, mark: string | undefined) {
    this.#span = span;
    this.context = span.spanContext();
    this.mark = mark;
    if (mark !== undefined) this.set({ [MARK_ATTRIBUTE]: mark });
  }

  get sampled(): boolean {
    return (this.context.traceFlags & TraceFlags.SAMPLED) !== 0;
  }

  /** Until the span ends, because the route of a request is known late. */
  rename(name: string): void {
    this.#span.updateName(name);
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  /** Records only the type of the error: its text may contain an address with a password, or a user's text. */
  fail(error: unknown): void {
    this.failAs(error instanceof Error ? error.constructor.name : typeof error);
  }

  /** @param type one of a few names, such as a status; it is exported unchanged */
  failAs(type: string): void {
    this.set({ [ERROR_TYPE]: type });
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  /** `traceparent` for calls within this span. */
  traceparent(): string {
    const headers: { traceparent?: string } = {};
    propagator.inject(trace.setSpan(ROOT_CONTEXT, this.#span), headers, defaultTextMapSetter);
    return headers.traceparent ?? '';
  }

  end(): void {
    this.#span.end();
  }
}

export interface TracerOptions {
  /** Sampled share of the traces that begin here; for other traces the caller has decided. */
  readonly ratio: number;
  /** Attributes of the service: `service.name` and others. */
  readonly resource: Attributes;
  readonly processors: SpanProcessor[];
}

export class Tracer {
  readonly #current = new AsyncLocalStorage<Span>();
  readonly #tracer: SdkTracer;

  constructor({ ratio, resource, processors }: TracerOptions) {
    const provider = new BasicTracerProvider({
      resource: defaultResource().merge(resourceFromAttributes(resource)),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanProcessors: processors,
    });
    this.#tracer = provider.getTracer('plumbline.service-kit');
  }

  /** The current span: the one around the calling code. */
  current(): Span | undefined {
    return this.#current.getStore();
  }

  /** Runs work in a span, which ends with it. If the work throws, the span gets the type of the error, which is thrown again. */
  async within<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const { kind, parent, attributes } = options;
    const outer = this.current();
    const from = parent ?? outer?.context;
    const context = from === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, from);
    const made = this.#tracer.startSpan(
      name,
      { kind: KINDS[kind], ...(attributes && { attributes }) },
      context,
    );
    // An inner span belongs to the request of the outer one, unless it has a parent of its own.
    const span = new Span(made, options.mark ?? (parent === undefined ? outer?.mark : undefined));
    try {
      return await this.#current.run(span, () => work(span));
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }
}
