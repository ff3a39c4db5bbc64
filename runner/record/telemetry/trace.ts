import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Tracer } from '@opentelemetry/api';
import { ExportResultCode, parseTraceParent } from '@opentelemetry/core';
import type { ExportResult } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { HttpEndpoint } from '../../../probes/edge/connection.ts';
import type { RunRecord } from '../../../reports/record/run-record.ts';
import type { SpanPlan } from './spans.ts';
import { spansOf } from './spans.ts';

/** Where OTLP over HTTP takes traces (OpenTelemetry protocol exporter specification). */
const TRACES_PATH = '/v1/traces';
/** As many as the SDK's own batches hold. */
const BATCH = 512;

export interface TraceOptions {
  /** Base of OTLP over HTTP. */
  url: string;
  endpoint: HttpEndpoint;
  /** With the token, where there is one. */
  headers: Record<string, string>;
  timeoutMs: number;
  /**
   * W3C `traceparent` of what started the run, such as a pipeline's job: the run is a part of its trace. OpenTelemetry names the environment
   * variable TRACEPARENT for it.
   */
  parent?: string | undefined;
}

/**
 * Sends a finished run as one trace. @returns its trace id
 * @throws Error when it was not accepted, or not in time: there is no retry
 */
export async function sendTrace(record: RunRecord, options: TraceOptions): Promise<string> {
  const { timeoutMs } = options;
  const { spans, traceId } = readableSpans(record, options.parent);
  const exporter = exporterTo(options);
  try {
    const deadline = performance.now() + timeoutMs;
    for (let from = 0; from < spans.length; from += BATCH) {
      const batch = spans.slice(from, from + BATCH);
      const left = deadline - performance.now();
      await within(left, `not within ${timeoutMs / 1000} s`, (done) => exporter.export(batch, done));
    }
    return traceId;
  } finally {
    // Not awaited: its pending retries would delay the run.
    exporter.shutdown().catch(() => undefined);
  }
}

/** The exporter resolves the name in its URL. Where another address is declared, the URL holds that, and the name is given beside it. */
function exporterTo({ url, endpoint, headers, timeoutMs }: TraceOptions): OTLPTraceExporter {
  const { host, port, tls } = endpoint;
  const named = new URL(`${url.replace(/\/+$/, '')}${TRACES_PATH}`);
  const at = new URL(named);
  at.hostname = host.includes(':') ? `[${host}]` : host;
  at.port = String(port);
  const { serverName, ca } = tls ?? {};
  return new OTLPTraceExporter({
    url: at.href,
    headers: { ...headers, host: named.host },
    timeoutMillis: timeoutMs,
    httpAgentOptions: {
      ...(serverName !== undefined && serverName !== '' && { servername: serverName }),
      ...(ca !== undefined && { ca }),
    },
  });
}

async function within(
  leftMs: number,
  late: string,
  send: (done: (result: ExportResult) => void) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => reject(new Error(late)), Math.max(0, leftMs));
  send(({ code, error }) => {
    if (code === ExportResultCode.SUCCESS) resolve(undefined);
    else reject(error ?? new Error('refused without a reason'));
  });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** Keeps ended spans, to be sent in batches with a known result: the SDK's own processors report no failure. */
class Kept implements SpanProcessor {
  readonly spans: ReadableSpan[] = [];
  onStart(): void {
    // Only what has ended is sent.
  }
  onEnd(span: ReadableSpan): void {
    this.spans.push(span);
  }
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function readableSpans(
  record: RunRecord,
  parent: string | undefined,
): { spans: ReadableSpan[]; traceId: string } {
  const kept = new Kept();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resourceOf(record)),
    spanProcessors: [kept],
    sampler: new AlwaysOnSampler(),
  });
  const tracer = provider.getTracer('plumbline', record.harness.version);
  const traceId = emit(tracer, spansOf(record), contextOf(parent));
  return { spans: kept.spans, traceId };
}

function resourceOf({ harness, environment, id }: RunRecord): Record<string, string> {
  return {
    'service.name': 'plumbline',
    'service.version': harness.version,
    'deployment.environment.name': environment.name,
    'cicd.pipeline.run.id': id,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': harness.node,
    ...(harness.commit !== null && { 'vcs.ref.head.revision': harness.commit }),
  };
}

/** An unreadable `traceparent` does not prevent the trace: the run becomes its root. */
function contextOf(parent: string | undefined): Context {
  const found = parent === undefined ? null : parseTraceParent(parent);
  return found === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...found, isRemote: true });
}

const KINDS = { server: SpanKind.SERVER, internal: SpanKind.INTERNAL } as const;

/** @returns the trace id */
function emit(tracer: Tracer, plan: SpanPlan, context: Context): string {
  const { name, kind, startMs, endMs, attributes, events, error, children } = plan;
  const span = tracer.startSpan(name, { kind: KINDS[kind], startTime: startMs, attributes }, context);
  for (const event of events) span.addEvent(event.name, event.attributes, event.atMs);
  if (error !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
  const inside = trace.setSpan(context, span);
  for (const child of children) emit(tracer, child, inside);
  span.end(endMs);
  return span.spanContext().traceId;
}
