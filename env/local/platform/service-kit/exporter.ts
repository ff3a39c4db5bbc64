/** Sends finished spans to an OpenTelemetry collector with the SDK's batches and exporter, and keeps them while it is away. */
import { setTimeout as delay } from 'node:timers/promises';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';

export interface QueueOptions {
  /** Base address, without /v1/traces. */
  readonly url: string;
  readonly everyMs?: number;
}

const EVERY_MS = 500;
const MOST_HELD = 8192;
const BATCH = 512;
const ANSWER_MS = 5_000;
/** The longest delay of setTimeout: the processor never gives a batch up, because the exporter decides that. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * As in OTLP/HTTP, a 4xx status is final, except 429, which the SDK reports without a status. Other failures are not: the SDK does not
 * repeat after 500, and gives up after 5 s.
 */
function isRefusal({ error }: ExportResult): boolean {
  const status = error !== undefined && 'code' in error ? Number(error.code) : NaN;
  return status >= 400 && status < 500;
}

/**
 * Loading the SDK's exporter takes as long as loading the rest of the SDK. It waits until the service listens: nothing is sent before.
 */
async function exporterTo(url: string, afterMs: number): Promise<OTLPTraceExporter> {
  await delay(afterMs);
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  // The SDK's own time-out begins when the connection is open.
  const httpAgentOptions = { keepAlive: true, timeout: ANSWER_MS };
  return new OTLPTraceExporter({ url: `${url}/v1/traces`, timeoutMillis: ANSWER_MS, httpAgentOptions });
}

/** Repeats what the SDK's exporter has given up, one batch after the other, until the collector takes or refuses it. */
class PersistentExporter implements SpanExporter {
  readonly #exporter: Promise<OTLPTraceExporter>;
  readonly #pauseMs: number;
  readonly #ending = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #gaveUp = false;
  sent = 0;
  dropped = 0;

  constructor(url: string, pauseMs: number) {
    this.#exporter = exporterTo(url, pauseMs);
    this.#exporter.catch(() => undefined); // each batch says it
    this.#pauseMs = pauseMs;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#last = this.#last
      .then(() => this.#untilDecided(spans))
      .catch((error: unknown) => {
        this.dropped += spans.length;
        return { code: ExportResultCode.FAILED, error: error as Error };
      })
      .then(done);
  }

  /** From now on a failure is final, for the batches after it too. */
  end(): void {
    this.#ending.abort();
  }

  giveUp(): void {
    this.#gaveUp = true;
  }

  /** When every batch was taken, refused or given up. */
  async shutdown(): Promise<void> {
    let waited: Promise<unknown>;
    do await (waited = this.#last);
    while (waited !== this.#last);
  }

  async #untilDecided(spans: ReadableSpan[]): Promise<ExportResult> {
    const { signal } = this.#ending;
    const exporter = await this.#exporter;
    let result: ExportResult = { code: ExportResultCode.FAILED };
    while (!this.#gaveUp) {
      const last = signal.aborted;
      result = await new Promise<ExportResult>((resolve) => {
        exporter.export(spans, resolve);
      });
      if (result.code === ExportResultCode.SUCCESS) {
        this.sent += spans.length;
        return result;
      }
      if (isRefusal(result)) break;
      if (last) this.giveUp();
      await delay(this.#pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    this.dropped += spans.length;
    return result;
  }
}

/** The SDK's queue. When it is full, the newest spans are dropped; here they are counted, with those that are being sent. */
export class SpanQueue extends BatchSpanProcessor {
  readonly #exporter: PersistentExporter;
  #taken = 0;
  #overflow = 0;

  constructor({ url, everyMs = EVERY_MS }: QueueOptions) {
    const exporter = new PersistentExporter(url, everyMs);
    super(exporter, {
      maxQueueSize: MOST_HELD,
      maxExportBatchSize: BATCH,
      scheduledDelayMillis: everyMs,
      exportTimeoutMillis: NEVER_MS,
    });
    this.#exporter = exporter;
  }

  get sent(): number {
    return this.#exporter.sent;
  }

  get dropped(): number {
    return this.#exporter.dropped + this.#overflow;
  }

  override onEnd(span: ReadableSpan): void {
    if (this.#taken - this.#exporter.sent - this.#exporter.dropped >= MOST_HELD) {
      this.#overflow += 1;
      return;
    }
    this.#taken += 1;
    super.onEnd(span);
  }

  /** Sends the queued spans at the end of the process: until the deadline, or until the collector does not take some. */
  async stop(deadlineMs: number): Promise<void> {
    this.#exporter.end();
    // The SDK rejects as soon as one batch is refused; those after it may still be taken.
    const shutdown = this.shutdown()
      .catch(() => undefined)
      .then(() => this.#exporter.shutdown());
    await Promise.race([shutdown, delay(deadlineMs, undefined, { ref: false })]);
    this.#exporter.giveUp();
  }
}
