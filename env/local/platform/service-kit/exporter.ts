/** Sends finished spans to an OpenTelemetry collector: OTLP/HTTP 1.x, JSON encoding, in batches, with a bounded queue. */

/** Numbers from opentelemetry-proto (trace.proto, SpanKind). */
export const SPAN_KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type SpanKind = keyof typeof SPAN_KIND;
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** Wall clock, ms with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** Type of the error, never its text; undefined if there was none. */
  readonly errorType: string | undefined;
}

export interface ExporterOptions {
  /** Base address, without /v1/traces. */
  readonly url: string;
  /** Attributes of the service: `service.name` and others. */
  readonly resource: Attributes;
  readonly everyMs?: number;
}

const EVERY_MS = 500;
const MOST_HELD = 8192;
const BATCH = 512;
const ANSWER_MS = 5_000;
const LONGEST_PAUSE_MS = 5_000;
const STATUS_ERROR = 2; // trace.proto, Status.StatusCode
const ERROR_TYPE = 'error.type'; // OpenTelemetry's semantic conventions, attributes of errors

function valueOf(value: string | number | boolean): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

const listOf = (attributes: Attributes): unknown[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));

const nanos = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n);

/** The body of an ExportTraceServiceRequest. */
export function encodeSpans(spans: readonly FinishedSpan[], resource: Attributes): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: listOf(resource) },
        scopeSpans: [
          {
            scope: { name: 'plumbline.service-kit' },
            spans: spans.map((span) => ({
              traceId: span.traceId,
              spanId: span.spanId,
              ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
              name: span.name,
              kind: SPAN_KIND[span.kind],
              startTimeUnixNano: nanos(span.startMs),
              endTimeUnixNano: nanos(span.endMs),
              attributes: listOf({
                ...span.attributes,
                ...(span.errorType !== undefined && { [ERROR_TYPE]: span.errorType }),
              }),
              ...(span.errorType !== undefined && { status: { code: STATUS_ERROR } }),
            })),
          },
        ],
      },
    ],
  });
}

/** Queues spans and retries when sending fails. When the queue is full, the oldest spans are dropped and counted. */
export class OtlpExporter {
  readonly #options: ExporterOptions;
  #held: FinishedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<boolean> | undefined;
  #failures = 0;
  exported = 0;
  dropped = 0;

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  add(span: FinishedSpan): void {
    this.#held.push(span);
    this.#trim();
    this.#schedule();
  }

  /** Sends the queued spans at the end of the process: without retries and until the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    clearTimeout(this.#timer);
    const end = performance.now() + deadlineMs;
    while ((this.#sending !== undefined || this.#held.length > 0) && performance.now() < end) {
      if (!(await this.#flush(Math.max(1, end - performance.now())))) return;
    }
  }

  #trim(): void {
    const over = this.#held.length - MOST_HELD;
    if (over <= 0) return;
    this.#held.splice(0, over);
    this.dropped += over;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#held.length === 0) return;
    const every = this.#options.everyMs ?? EVERY_MS;
    const pause = Math.min(every * 2 ** this.#failures, Math.max(every, LONGEST_PAUSE_MS));
    this.#timer = setTimeout(() => {
      void this.#flush(ANSWER_MS).finally(() => {
        this.#timer = undefined;
        this.#schedule();
      });
    }, pause);
    this.#timer.unref();
  }

  /** Sends the queue, one request at a time. @returns whether everything was sent */
  async #flush(answerMs: number): Promise<boolean> {
    this.#sending ??= this.#sendAll(answerMs).finally(() => {
      this.#sending = undefined;
    });
    return await this.#sending;
  }

  async #sendAll(answerMs: number): Promise<boolean> {
    while (this.#held.length > 0) {
      const batch = this.#held.splice(0, BATCH);
      const outcome = await this.#send(batch, answerMs);
      if (outcome === 'sent') this.exported += batch.length;
      else if (outcome === 'refused') this.dropped += batch.length;
      else {
        this.#held.unshift(...batch);
        this.#trim();
        this.#failures = Math.min(this.#failures + 1, 10);
        return false;
      }
      this.#failures = 0;
    }
    return true;
  }

  /** Sends one batch. As in OTLP/HTTP, 429, 502, 503 and 504 are retryable, and other 4xx statuses are not. */
  async #send(batch: readonly FinishedSpan[], answerMs: number): Promise<'sent' | 'refused' | 'failed'> {
    try {
      const answer = await fetch(`${this.#options.url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: encodeSpans(batch, this.#options.resource),
        signal: AbortSignal.timeout(Math.ceil(answerMs)),
      });
      await answer.arrayBuffer();
      if (answer.ok) return 'sent';
      return answer.status >= 400 && answer.status < 500 && answer.status !== 429 ? 'refused' : 'failed';
    } catch {
      return 'failed';
    }
  }
}
