/** Probes of the environment's declared sources of telemetry, with their accounts. */
import type { Environment, SecretSource, Trust } from '../../../env/schema.ts';
import { telemetryHere } from '../../../suites/catalogue/reads.ts';
import { AlertmanagerProbe } from '../../../probes/alerts/alertmanager.ts';
import { logProbe } from '../../../probes/logs/index.ts';
import type { LogProbe } from '../../../probes/logs/index.ts';
import { PrometheusClient } from '../../../probes/prometheus/index.ts';
import type { SignalAddress } from '../../../probes/signals/index.ts';
import { traceProbe } from '../../../probes/traces/index.ts';
import type { TraceProbe } from '../../../probes/traces/index.ts';
import { trusted } from '../../../probes/edge/edge-request.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import { RequestError, undeclared } from '../../../suites/harness/request-error.ts';
import type { StoreTargets } from '../../targets/store-target.ts';

/** As much of the runner as this needs. */
export interface SourcesOf {
  stores: Pick<StoreTargets, 'secret' | 'reread'>;
  environment: Environment;
}

export interface Declared {
  url: string;
  address?: string | undefined;
  trust?: Trust | undefined;
  user?: string | undefined;
  password?: SecretSource | undefined;
  token?: SecretSource | undefined;
}

/**
 * `stores` reads the secrets, so that they are redacted in all that is written; again where the server refuses them, since a token may expire within a
 * run. @throws RequestError when the authority cannot be read
 */
export async function addressOf(
  { stores }: Pick<SourcesOf, 'stores'>,
  declared: Declared,
): Promise<SignalAddress> {
  const { url, address, trust = 'system' } = declared;
  const authorities = await trusted(trust);
  if ('unavailable' in authorities) throw new RequestError(authorities.unavailable, 'unavailable');
  return {
    url,
    address,
    ca: authorities.pem,
    proxied: true,
    ...(await accountOf(declared, (source) => stores.secret(source))),
    reread: () => accountOf(declared, (source) => stores.reread(source)),
  };
}

async function accountOf(
  { user, password, token }: Declared,
  read: (source: SecretSource) => Promise<string>,
): Promise<Pick<SignalAddress, 'account' | 'token'>> {
  return {
    ...(user !== undefined && {
      account: { user, password: password === undefined ? '' : await read(password) },
    }),
    ...(token !== undefined && { token: await read(token) }),
  };
}

/** @throws RequestError when it is not declared, or its secret cannot be read */
export async function logsOf(of: SourcesOf): Promise<LogProbe> {
  const declared = of.environment.telemetry?.logs;
  if (declared === undefined) throw undeclared('telemetry.logs');
  return logProbe(declared, await addressOf(of, declared));
}

/** @throws RequestError */
export async function tracesOf(of: SourcesOf): Promise<TraceProbe> {
  const declared = telemetryHere(of.environment)?.traces;
  if (declared === undefined) throw undeclared('telemetry.traces');
  return traceProbe(declared, await addressOf(of, declared));
}

/** @throws RequestError */
export async function alertsOf(of: SourcesOf): Promise<AlertmanagerProbe> {
  const declared = of.environment.telemetry?.alerts;
  if (declared === undefined) throw undeclared('telemetry.alerts');
  return new AlertmanagerProbe(await addressOf(of, declared));
}

/** @throws RequestError */
export async function prometheusOf(of: SourcesOf): Promise<PrometheusClient> {
  const declared = of.environment.prometheus;
  if (declared === undefined) throw undeclared('prometheus');
  const deadlineMs = timeoutMsOf(of.environment, 'prometheusQuery');
  return new PrometheusClient({ ...(await addressOf(of, declared)), deadlineMs });
}
