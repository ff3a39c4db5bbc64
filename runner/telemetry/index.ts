/** Plumbline's own telemetry: a run that is over as a trace and as metrics, where the environment declares somewhere to send them. */
import type { Environment } from '../../env/schema.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { timeoutMsOf } from '../environment-parts.ts';
import { pushMetrics } from './pushgateway.ts';

/**
 * Never throws, and takes no longer than the time-out `telemetrySend`: the verdict is known and written already.
 * @returns what could not be sent and why, a line each
 */
export async function sendTelemetry(
  record: RunRecord,
  environment: Pick<Environment, 'telemetry' | 'timeouts'>,
  parent: string | undefined = process.env['TRACEPARENT'],
): Promise<string[]> {
  const { otlp, pushgateway } = environment.telemetry ?? {};
  const timeoutMs = timeoutMsOf(environment, 'telemetrySend');
  const sent = await Promise.all([
    otlp === undefined
      ? null
      : noticeOf('the trace of this run', otlp.url, async () => {
          // Loaded only where it is used: the SDK is not small.
          const { sendTrace } = await import('./trace.ts');
          await sendTrace(record, { url: otlp.url, timeoutMs, parent });
        }),
    pushgateway === undefined
      ? null
      : noticeOf('the metrics of this run', pushgateway.url, () =>
          pushMetrics(record, { url: pushgateway.url, timeoutMs }),
        ),
  ]);
  return sent.filter((notice) => notice !== null);
}

async function noticeOf(what: string, url: string, send: () => Promise<void>): Promise<string | null> {
  try {
    await send();
    return null;
  } catch (error) {
    return `${what} could not be sent to ${url}: ${reasonOf(error)}`;
  }
}

/** `fetch failed` says nothing; what it was caused by does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
