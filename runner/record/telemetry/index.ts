/** Plumbline's own telemetry: sends a finished run as a trace and as metrics, if the environment declares where to. */
import type {
  Environment,
  OtlpSettings,
  PushgatewaySettings,
  SecretSource,
  Telemetry,
  Trust,
} from '../../../env/schema.ts';
import { edgeEndpoint } from '../../../probes/edge/endpoint.ts';
import type { HttpEndpoint } from '../../../probes/edge/connection.ts';
import type { RunRecord } from '../../../reports/record/run-record.ts';
import { trusted } from '../../../probes/edge/edge-request.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { pushMetrics } from './pushgateway.ts';
import { errorText } from '../../../reports/record/error-text.ts';

export interface SendOptions {
  /** Reads a password or a token. */
  secret: (source: SecretSource) => Promise<string>;
  /** W3C `traceparent` of what started the run, such as a pipeline's job. */
  parent?: string | undefined;
}

/** What is needed of an environment. */
export type Surroundings = Pick<Environment, 'timeouts'> & {
  telemetry?: Pick<Telemetry, 'otlp' | 'pushgateway'> | undefined;
};

/**
 * Never throws, and takes no longer than the time-out `telemetrySend`: the verdict is known and written already.
 * @returns what could not be sent and why, a line each
 */
export async function sendTelemetry(
  record: RunRecord,
  environment: Surroundings,
  options: SendOptions,
): Promise<string[]> {
  const { otlp, pushgateway } = environment.telemetry ?? {};
  const timeoutMs = timeoutMsOf(environment, 'telemetrySend');
  const sent = await Promise.all([
    otlp === undefined
      ? null
      : noticeOf({ what: 'the trace of this run', url: otlp.url, timeoutMs }, () =>
          trace(record, otlp, { ...options, timeoutMs }),
        ),
    pushgateway === undefined
      ? null
      : noticeOf({ what: 'the metrics of this run', url: pushgateway.url, timeoutMs }, () =>
          push(record, pushgateway, { ...options, timeoutMs }),
        ),
  ]);
  return sent.filter((notice) => notice !== null);
}

type Headers = Record<string, string>;
type Sending = SendOptions & { timeoutMs: number };

async function trace(
  record: RunRecord,
  { url, address, trust, token }: OtlpSettings,
  { secret, parent, timeoutMs }: Sending,
): Promise<void> {
  const endpoint = await endpointOf(url, address, trust);
  const headers: Headers = token === undefined ? {} : { authorization: `Bearer ${await secret(token)}` };
  // Loaded only where it is used: the SDK is not small.
  const { sendTrace } = await import('./trace.ts');
  await sendTrace(record, { url, endpoint, headers, timeoutMs, parent });
}

async function push(
  record: RunRecord,
  { url, address, trust, user, password }: PushgatewaySettings,
  { secret, timeoutMs }: Sending,
): Promise<void> {
  const endpoint = await endpointOf(url, address, trust);
  const account =
    user === undefined ? null : `${user}:${password === undefined ? '' : await secret(password)}`;
  const headers: Headers =
    account === null ? {} : { authorization: `Basic ${Buffer.from(account).toString('base64')}` };
  await pushMetrics(record, { url, endpoint, headers, timeoutMs });
}

async function endpointOf(
  url: string,
  address: string | undefined,
  trust: Trust = 'system',
): Promise<HttpEndpoint> {
  const authorities = await trusted(trust);
  if ('unavailable' in authorities) throw new Error(authorities.unavailable);
  return edgeEndpoint(new URL(url), address, { ca: authorities.pem });
}

async function noticeOf(
  { what, url, timeoutMs }: { what: string; url: string; timeoutMs: number },
  send: () => Promise<void>,
): Promise<string | null> {
  // The timeout includes reading secrets, whose source may not answer.
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    await Promise.race([send(), late.promise]);
    return null;
  } catch (error) {
    return `${what} could not be sent to ${url}: ${errorText(error)}`;
  } finally {
    clearTimeout(timer);
  }
}
