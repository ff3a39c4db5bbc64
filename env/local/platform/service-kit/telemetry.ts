/** Log lines and traces of a reference service, set up from its environment. */
import type { SpanContext } from '@opentelemetry/api';
import { SpanQueue } from './exporter.ts';
import { logOf, type Fields, type Log } from './log.ts';
import { parseTraceparent, Tracer } from './tracer.ts';

export interface Telemetry {
  readonly tracer: Tracer;
  /** Writes lines with the ids of the current span and the mark of its request. */
  readonly log: Log;
  /** Numbers of sent and dropped spans, for the service's metrics. */
  readonly exported: () => { sent: number; dropped: number };
  /** Sends the spans that are still queued. */
  readonly stop: () => Promise<void>;
}

/** Header with the correlation id by which Plumbline finds a request again. */
export const CORRELATION_HEADER = 'x-plumbline-mark';

/**
 * What negative controls may break, as a comma-separated list in the environment variable TELEMETRY_BREAK: `log-trace-id` (log lines
 * without trace ids), `export` (no span is sent), `amqp-context` (messages without trace context).
 */
export type Break = 'log-trace-id' | 'export' | 'amqp-context';

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
  const url = env.OTLP_URL;
  const queue = url === undefined || url === '' || broken('export', env) ? undefined : new SpanQueue({ url });
  const tracer = new Tracer({
    ratio: Number(env.TRACE_RATIO ?? DEFAULT_RATIO),
    resource: resourceOf(service, env),
    processors: queue === undefined ? [] : [queue],
  });
  const withIds = !broken('log-trace-id', env);
  const around = (): Fields => {
    const { context, mark } = tracer.current() ?? {};
    return {
      ...(context !== undefined && withIds && { trace_id: context.traceId, span_id: context.spanId }),
      ...(mark !== undefined && { mark }),
    };
  };
  return {
    tracer,
    log: logOf(service, { write, around }),
    exported: () => ({ sent: queue?.sent ?? 0, dropped: queue?.dropped ?? 0 }),
    stop: async () => {
      await queue?.stop(STOP_MS);
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
export function callerOf(headers: Headers): { parent: SpanContext | undefined; mark: string | undefined } {
  const mark = headers[CORRELATION_HEADER];
  return {
    parent: parseTraceparent(headers['traceparent']),
    mark: typeof mark === 'string' && mark !== '' ? mark.slice(0, 200) : undefined,
  };
}
