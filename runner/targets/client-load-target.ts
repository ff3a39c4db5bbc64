import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { StoreName } from '../../env/schema.ts';
import { hostAndPort } from '../../host/http.ts';
import { storeDriver } from '../../probes/stores.ts';
import type { ClientLoadInput } from '../../probes/client-load/config.ts';
import { connectTimeoutTo } from '../../probes/client-load/connect-timeout.ts';
import { API_OBJECT } from '../../suites/failover/_trial/api-object.ts';
import { CLIENT_CERTIFICATE } from '../../probes/edge/client.ts';
import type { EdgeLoadDeclared } from '../../probes/edge/client.ts';
import { backendOf, edgeTarget, requestOf } from './edge-target.ts';
import type { EdgeTarget } from './edge-target.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import type { PathAddress } from './client-load-group.ts';

export type Load = Omit<ClientLoadInput, 'store' | 'history' | 'run'>;

/** What a client of the platform may wait for one answer, ms. */
const EDGE_ANSWER_MS = 2_000;
/** An API server that has lost its etcd answers nothing for some seconds: the client gives up and retries. */
const API_ANSWER_MS = 3_000;
/** Measures an RTO of 15 s to 40 ms; more would load the measured machine, as each write costs a commit in etcd. */
const API_WRITES_PER_SECOND = 25;

/** How a client load reaches its target, its rate and its deadlines. Secrets stay in memory. */
export async function loadOf(runner: RunnerCore, store: string): Promise<Load> {
  if (store === 'edge') return edgeLoad(await edgeTarget(runner), 'look');
  if (store === 'jobs') return jobsLoad(runner);
  if (store === 'control-plane') return apiLoad(runner);
  const declared = runner.stores.declared(store);
  const { connection } = await runner.stores.target(store);
  return {
    connection,
    ratePerSecond: declared.clientLoad.writesPerSecond,
    readRatePerSecond: declared.clientLoad.readsPerSecond,
    ...storeDriver(store).connections,
  };
}

/** The declared further ways of clients to this store. */
export function pathsOf({ runState }: RunnerCore, store: string): PathAddress[] {
  const declared = runState.environment.stores[store as StoreName];
  const paths = declared !== undefined && 'paths' in declared ? (declared.paths ?? {}) : {};
  return Object.entries(paths).flatMap(([name, [first, ...alternatives]]) =>
    first === undefined ? [] : [{ name, ...first, alternatives }],
  );
}

/** @param name of the request: `look` changes nothing. @throws RequestError when it is not declared, or the environment declares no backend */
async function edgeLoad(target: EdgeTarget, name: 'look' | 'create'): Promise<Load> {
  return {
    connection: await connectionOf(target, name),
    ratePerSecond: backendOf(target).requestsPerSecond,
    readRatePerSecond: 0,
    operationTimeoutMs: EDGE_ANSWER_MS,
    connectTimeoutMs: await connectTimeoutTo(target.endpoint),
    // While half of the answers hang, requests for the other half must still be sent.
    maxConnections: 64,
  };
}

/** @throws RequestError when the request is not declared */
async function connectionOf(target: EdgeTarget, name: 'look' | 'create'): Promise<Load['connection']> {
  const { url, endpoint, contract, prefix, ca, access } = target;
  const declared: EdgeLoadDeclared = {
    url: url.href,
    target: { contract, prefix },
    request: requestOf(target, name),
    named: `application.requests.${name}`,
    shown: access.shown,
    ...(ca !== undefined && { ca }),
    ...(access.plan !== null && { credentials: access.plan }),
  };
  const { client } = access;
  const secrets = {
    ...(await access.valuesNow()),
    ...(client !== undefined && {
      [CLIENT_CERTIFICATE.certificate]: client.certificate,
      [CLIENT_CERTIFICATE.key]: client.key,
    }),
  };
  const { host, port } = endpoint;
  return { host, port, database: '', user: '', password: '', secrets, declared: { ...declared } };
}

/** Creates something in place of each read, at the rate of jobs. @throws as `edgeLoad`, and where no AI service is declared */
async function jobsLoad(runner: RunnerCore): Promise<Load> {
  const { environment } = runner.runState;
  const { ai } = environment;
  if (ai === undefined) throw new RequestError('the environment declares no ai', 'refused');
  return {
    ...(await edgeLoad(await edgeTarget(runner), 'create')),
    ratePerSecond: ai.jobs.requestsPerSecond,
    operationTimeoutMs: timeoutMsOf(environment, 'storeOperation'),
  };
}

async function apiLoad(runner: RunnerCore): Promise<Load> {
  const { apiAddress, namespaces } = runner.runState.environment;
  if (apiAddress === undefined) throw new RequestError('the environment declares no apiAddress', 'refused');
  const { host, port } = hostAndPort(apiAddress);
  const options: RequestOptions = {};
  const { config } = runner.parts.cluster.client.transport;
  await config.applyToHTTPSOptions(options);
  const { tlsServerName } = config.getCurrentCluster() ?? {};
  const [ca, cert, key] = [options.ca, options.cert, options.key].map(pemOf);
  const { bearer, impersonation } = accountIn(options);
  return {
    connection: {
      host,
      port,
      database: '',
      user: '',
      password: key ?? bearer,
      declared: {
        // The name by which the kubeconfig has the certificate checked is that of the same API server.
        serverName: tlsServerName ?? (/^[\d.:]+$/.test(host) ? '' : host),
        object: `${namespaces.canary}/${API_OBJECT}`,
        impersonation,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && key !== undefined && { cert }),
      },
    },
    ratePerSecond: API_WRITES_PER_SECOND,
    readRatePerSecond: 0,
    operationTimeoutMs: API_ANSWER_MS,
    connectTimeoutMs: await connectTimeoutTo({ host, port }),
    connections: 4,
  };
}

/** Who asks, by its token; and as whom. */
function accountIn({ headers }: RequestOptions): { bearer: string; impersonation: OutgoingHttpHeaders } {
  const sent = (headers ?? {}) as OutgoingHttpHeaders;
  const bearer = /^Bearer (.+)$/.exec(String(sent['Authorization'] ?? ''))?.[1] ?? '';
  const impersonation = Object.entries(sent).filter(([name]) => name.startsWith('Impersonate-'));
  return { bearer, impersonation: Object.fromEntries(impersonation) };
}

function pemOf(value: RequestOptions['ca'] | RequestOptions['key']): string | undefined {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : undefined;
}
