/** Spans, and which one the code that runs now belongs to. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { formatTraceparent, newRoot, newSpanId, type TraceContext } from './context.ts';
import type { Attributes, FinishedSpan, SpanKind } from './exporter.ts';

export interface SpanOptions {
  readonly kind: SpanKind;
  /** The caller's, from its header or message; left out: the span that the code runs in, else a new trace. */
  readonly parent?: TraceContext | undefined;
  readonly mark?: string | undefined;
  readonly attributes?: Attributes;
}

/** The attribute that carries a request's mark. */
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
  /** May be set until the span ends: of a request the route is known last. */
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

  /** Of what was thrown only its type: its text may hold an address with its password, or what a user wrote. */
  fail(error: unknown): void {
    this.failAs(error instanceof Error ? error.constructor.name : typeof error);
  }

  /** @param type a name out of a few, such as a status: it is exported as it is */
  failAs(type: string): void {
    this.#errorType = type;
  }

  /** `traceparent` for whoever is called within this span. */
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

  /** @param ratio share of the traces that begin here which are kept; those that a caller began are kept as it says */
  constructor(ratio: number, exportSpan: (span: FinishedSpan) => void) {
    this.#ratio = ratio;
    this.#export = exportSpan;
  }

  /** The span that the code runs in. */
  current(): Span | undefined {
    return this.#current.getStore();
  }

  /** Runs work in a span, which ends with it. The type of what the work throws is noted in the span, and it is thrown on. */
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

/** Lines logged within an inner span belong to the same request. */
function inherited(options: SpanOptions, outer: Span | undefined): string | undefined {
  return options.parent === undefined ? outer?.mark : undefined;
}
