/** Creates spans, and knows the current one. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { formatTraceparent, newRoot, newSpanId, type TraceContext } from './context.ts';
import type { Attributes, FinishedSpan, SpanKind } from './exporter.ts';

export interface SpanOptions {
  readonly kind: SpanKind;
  /** The caller's trace context, from its header or message. Default: the current span; without one, a new trace. */
  readonly parent?: TraceContext | undefined;
  readonly mark?: string | undefined;
  readonly attributes?: Attributes;
}

/** The attribute with a request's mark. */
const MARK_ATTRIBUTE = 'plumbline.mark';

const wallMs = (): number => performance.timeOrigin + performance.now();

export class Span {
  readonly context: TraceContext;
  readonly mark: string | undefined;
  readonly #kind: SpanKind;
  readonly #parentSpanId: string | undefined;
  readonly #startMs = wallMs();
  #attributes: Attributes;
  #errorType: string | undefined;
  /** May be set until the span ends, because the route of a request is known late. */
  name: string;

  constructor(name: string, options: SpanOptions, from: Omit<TraceContext, 'spanId'> & { spanId?: string }) {
    this.name = name;
    this.#kind = options.kind;
    this.mark = options.mark;
    this.#parentSpanId = from.spanId;
    this.#attributes = {
      ...options.attributes,
      ...(options.mark !== undefined && { [MARK_ATTRIBUTE]: options.mark }),
    };
    this.context = { traceId: from.traceId, sampled: from.sampled, spanId: newSpanId() };
  }

  set(attributes: Attributes): void {
    this.#attributes = { ...this.#attributes, ...attributes };
  }

  /** Records only the type of the error: its text may contain an address with a password, or a user's text. */
  fail(error: unknown): void {
    this.failAs(error instanceof Error ? error.constructor.name : typeof error);
  }

  /** @param type one of a few names, such as a status; it is exported unchanged */
  failAs(type: string): void {
    this.#errorType = type;
  }

  /** `traceparent` for calls within this span. */
  traceparent(): string {
    return formatTraceparent(this.context);
  }

  finished(): FinishedSpan {
    const { traceId, spanId } = this.context;
    return {
      traceId,
      spanId,
      parentSpanId: this.#parentSpanId,
      name: this.name,
      kind: this.#kind,
      startMs: this.#startMs,
      endMs: wallMs(),
      attributes: this.#attributes,
      errorType: this.#errorType,
    };
  }
}

export class Tracer {
  readonly #current = new AsyncLocalStorage<Span>();
  readonly #ratio: number;
  readonly #export: (span: FinishedSpan) => void;

  /** @param ratio sampled share of the traces that begin here; for other traces the caller has decided */
  constructor(ratio: number, exportSpan: (span: FinishedSpan) => void) {
    this.#ratio = ratio;
    this.#export = exportSpan;
  }

  /** The current span: the one around the calling code. */
  current(): Span | undefined {
    return this.#current.getStore();
  }

  /** Runs work in a span, which ends with it. If the work throws, the span gets the type of the error, which is thrown again. */
  async within<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const outer = this.current();
    const from = options.parent ?? outer?.context ?? newRoot(this.#ratio);
    const span = new Span(name, { ...options, mark: options.mark ?? inherited(options, outer) }, from);
    try {
      return await this.#current.run(span, () => work(span));
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      if (span.context.sampled) this.#export(span.finished());
    }
  }
}

/** The mark of the outer span: lines logged within an inner span belong to the same request. */
function inherited(options: SpanOptions, outer: Span | undefined): string | undefined {
  return options.parent === undefined ? outer?.mark : undefined;
}
