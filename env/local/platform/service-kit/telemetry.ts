/** Log lines and traces of a reference service, set up from its environment. */
import { parseTraceparent, type TraceContext } from './context.ts';
import { OtlpExporter } from './exporter.ts';
import { Tracer } from './tracer.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Telemetry {
  readonly tracer: Tracer;
  /** Writes one JSON object per line to the standard output, with the ids of the current span. */
  readonly log: (level: Level, message: string, fields?: Fields) => void;
  /** Numbers of sent and dropped spans, for the service's metrics. */
  readonly exported: () => { sent: number; dropped: number };
  /** Sends the spans that are still queued. */
  readonly stop: () => Promise<void>;
}

/** Header with the correlation id by which Plumbline finds a request again. */
export const CORRELATION_HEADER = 'x-plumbline-mark';

/**
 * What negative controls may break, as a comma-separated list in the environment variable TELEMETRY_BREAK: `log-trace-id` (log lines
 * without trace ids), `export` (no span is sent), `amqp-context` (messages without trace context), `http-context` (requests without trace
 * context).
 */
export type Break = 'log-trace-id' | 'export' | 'amqp-context' | 'http-context';

export function broken(what: Break, env: NodeJS.ProcessEnv = process.env): boolean {
  return (env.TELEMETRY_BREAK ?? '').split(',').includes(what);
}

/** Sampled share of requests without trace context: enough to inspect, and little load. */
const DEFAULT_RATIO = 0.02;
const STOP_MS = 3_000;

export interface TelemetryOptions {
  readonly service: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly write?: (line: string) => void;
}

/** Sets telemetry up. Without OTLP_URL spans are created, so that log lines have ids, but not exported. */
export function telemetryOf({ service, env = process.env, write }: TelemetryOptions): Telemetry {
  const out = write ?? ((line: string) => void process.stdout.write(line));
  const url = env.OTLP_URL;
  const exporter =
    url === undefined || url === '' || broken('export', env)
      ? undefined
      : new OtlpExporter({ url, resource: resourceOf(service, env) });
  const tracer = new Tracer(Number(env.TRACE_RATIO ?? DEFAULT_RATIO), (span) => exporter?.add(span));
  const withIds = !broken('log-trace-id', env);
  return {
    tracer,
    log: (level, message, fields) => {
      const span = tracer.current();
      const ids = span !== undefined &&
        withIds && { trace_id: span.context.traceId, span_id: span.context.spanId };
      const mark = span?.mark !== undefined && { mark: span.mark };
      const ts = new Date().toISOString();
      out(`${JSON.stringify({ ts, level, service, msg: message, ...ids, ...mark, ...fields })}\n`);
    },
    exported: () => ({ sent: exporter?.exported ?? 0, dropped: exporter?.dropped ?? 0 }),
    stop: async () => {
      await exporter?.stop(STOP_MS);
    },
  };
}

function resourceOf(service: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const { POD_NAME, NODE_NAME } = env;
  return {
    'service.name': service,
    ...(POD_NAME !== undefined && { 'service.instance.id': POD_NAME, 'k8s.pod.name': POD_NAME }),
    ...(NODE_NAME !== undefined && { 'k8s.node.name': NODE_NAME }),
  };
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Trace context and mark of a request. */
export function callerOf(headers: Headers): { parent: TraceContext | undefined; mark: string | undefined } {
  const mark = headers[CORRELATION_HEADER];
  return {
    parent: parseTraceparent(headers['traceparent']),
    mark: typeof mark === 'string' && mark !== '' ? mark.slice(0, 200) : undefined,
  };
}
