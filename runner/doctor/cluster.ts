/** Is the cluster there, and is it the one? Each step rests on the one before it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { providerOf } from '../../env/providers/index.ts';
import type { Reached as Found } from '../../env/providers/provider.ts';
import type { Environment } from '../../env/schema.ts';
import { jwtExpiry } from '../../host/jwt.ts';
import { askFailureOf, askText } from '../../probes/asking.ts';
import {
  apiProxy,
  KubeError,
  NoCredentials,
  openCluster,
  ReadOnlyGuard,
  sendsCredentials,
  skipsVerification,
} from '../../probes/kubernetes/index.ts';
import { gets } from '../../probes/kubernetes/access/rights.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import { kubeCallTo } from '../provider-safety.ts';
import { requireKubeconfig } from '../plan/configuration.ts';
import { pinDifferences } from '../run/connect.ts';
import { reachOf } from '../targets/reach.ts';
import { StoreTargets } from '../targets/store-target.ts';
import { missing, ok } from './item.ts';
import type { Item, Reached } from './item.ts';
import { expiryItem, tlsAdvice } from './expiry.ts';
import { ruleOf } from './rights.ts';
import { insteadOf } from '../../probes/signals/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** What declares the certificate of an API server. */
const TLS = { ca: 'certificate-authority-data of the kubeconfig', name: 'server of the kubeconfig' };

export interface Cluster {
  items: Item[];
  reached: Reached | null;
  /** Ends every connection. */
  close: () => Promise<void>;
}

/** Reaches the cluster as it is: nothing is provisioned, restored or held. Never throws for what is missing. */
export async function reachCluster(
  environment: Environment,
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<Cluster> {
  const readOnly = environment.readOnly === true ? new ReadOnlyGuard() : undefined;
  let found: Found;
  let opened: KubeCluster;
  try {
    found = await asItIs(environment, signal);
    const { kubeconfig, context } = found;
    const given = { kubeconfig, ...(context !== undefined && { context }) };
    opened = openCluster({ ...given, signal, readOnly, requestTimeoutMs: deadlineMs });
  } catch (error) {
    signal.throwIfAborted();
    return {
      items: [missing('kubeconfig', errorText(error))],
      reached: null,
      close: () => Promise.resolve(),
    };
  }
  const kube = kubeCallTo(opened, readOnly);
  const stores = new StoreTargets(environment, opened, reachOf(environment, opened));
  const close = async (): Promise<void> => {
    await stores.close();
    kube.close();
    opened.close();
  };
  const items = [ok('kubeconfig', found.kubeconfig), ...credentialItems(opened)];
  const looked = await lookAt({ cluster: opened, found, environment }, signal);
  const usable = looked.every(({ state }) => state === 'ok');
  const reached = usable ? { cluster: opened, kube: kube.call, stores } : null;
  return { items: [...items, ...looked], reached, close };
}

async function asItIs(environment: Environment, signal: AbortSignal): Promise<Found> {
  const provider = await providerOf(environment.cluster);
  return provider.connect(environment.cluster, {
    environment,
    provision: false,
    onProgress: () => undefined,
    restoreLeftovers: () => Promise.resolve(),
    refuseWhileHeld: () => undefined,
    requireNamed: () => requireKubeconfig(environment),
    signal,
  });
}

interface Looked {
  cluster: KubeCluster;
  found: Found;
  environment: Environment;
}

async function lookAt(of: Looked, signal: AbortSignal): Promise<Item[]> {
  const { server } = of.cluster.client.transport;
  const what = `API server ${server}`;
  try {
    const { status, body } = await of.cluster.raw('/version', signal);
    const instead = insteadOf({ status, location: '', text: body });
    if (instead !== null)
      return [missing(what, instead, 'server of the kubeconfig: the API server itself, past the login page')];
    const item = reachedItem(what, of.cluster);
    const sent = await sendsCredentials(of.cluster.client.transport.config, signal);
    if (status === 401) return [item, refused(sent)];
    return [item, ...(await lookAtPin(of, { sent, signal }))];
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KubeError && error.cause instanceof NoCredentials)
      return [withoutCredentials(error.cause)];
    const { cause } = askFailureOf(error);
    const add =
      cause === 'tls'
        ? tlsAdvice(error, 'take the certificate authority and the name of this server into the kubeconfig')
        : wayAdvice(of.cluster);
    return [missing(what, askText(error, TLS), add)];
  }
}

/** With what is known of its certificate: an authority in the kubeconfig, or else a public one, must have signed it, unless nothing is verified. */
function reachedItem(what: string, cluster: KubeCluster): Item {
  if (skipsVerification(cluster.client.transport.config)) {
    const detail = 'reached; its certificate was not verified (insecure-skip-tls-verify in the kubeconfig)';
    return { ...ok(what, detail), notice: true };
  }
  return cluster.authority() === null
    ? ok(what, 'reached, with a certificate of a public authority (the kubeconfig names none)')
    : ok(what, 'reached, with a certificate of the authority in the kubeconfig');
}

function wayAdvice({ client: { transport } }: KubeCluster): string {
  const proxy = apiProxy(transport.config);
  const way = `a way from this machine to ${transport.server}: name resolution, routes, firewalls, a VPN`;
  return proxy === null
    ? `${way}, or a proxy (HTTPS_PROXY, or proxy-url in the kubeconfig)`
    : `a way through the proxy ${proxy} (HTTPS_PROXY, or proxy-url in the kubeconfig) to ${transport.server}; or ${way}, with its host in NO_PROXY`;
}

const ACCOUNT = 'account of the kubeconfig';

/** @param sent whether the kubeconfig has credentials for it */
function refused(sent: boolean): Item {
  if (!sent)
    return missing(
      ACCOUNT,
      'the kubeconfig has no credentials for it, so that the API server is asked as system:anonymous',
      'token, tokenFile, client-certificate with client-key, or exec, under the user of the context in the kubeconfig',
    );
  return missing(
    ACCOUNT,
    'the API server does not know it (401): its token or certificate has expired, or is of another cluster',
    'kubectl -n plumbline-system create token plumbline --duration=24h   # as an administrator; put it into the kubeconfig',
  );
}

/** A proxy may add the credentials. */
function accepted(sent: boolean): Item {
  if (sent) return ok(ACCOUNT, 'accepted');
  return { ...ok(ACCOUNT, 'the kubeconfig has no credentials for it, and it is answered'), notice: true };
}

function withoutCredentials({ message, command, ran }: NoCredentials): Item {
  const until = `until this prints credentials: ${command}`;
  const add = ran ? `log in again, ${until}` : `the command that the kubeconfig names (exec), ${until}`;
  return missing(ACCOUNT, message, add);
}

async function lookAtPin(
  { cluster, found, environment }: Looked,
  { sent, signal }: { sent: boolean; signal: AbortSignal },
): Promise<Item[]> {
  try {
    const seen = await cluster.pin(signal);
    const account = accepted(sent);
    const differences = pinDifferences(found.pin, seen);
    if (differences.length === 0) return [account, ok('pin', `the cluster that ${environment.name} pins`)];
    const detail = `this is not the cluster that ${environment.name} pins: ${differences.join('; ')}`;
    const add = `the right kubeconfig; or, if this is the one: cluster.pin: { kubeSystemUid: ${seen.uid}${seen.caSha256 === null ? '' : `, caSha256: ${seen.caSha256}`} }`;
    return [account, missing('pin', detail, add)];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof KubeError) || error.reason === 'credentials') throw error;
    return withoutPin(error, sent);
  }
}

/** What the answer in place of the pin says: who is forbidden something is known, and an error of the server says nothing of the account. */
function withoutPin({ reason, message }: KubeError, sent: boolean): Item[] {
  if (reason === 'unauthorized' || (reason === 'forbidden' && !sent)) return [refused(sent)];
  if (reason === 'forbidden') {
    const detail = 'the account may not get the namespace kube-system, whose UID tells which cluster this is';
    return [accepted(sent), missing('pin', detail, ruleOf(gets('v1/Namespace', 'everywhere'), ''))];
  }
  const add =
    "an API server that answers; kubectl get --raw '/readyz?verbose' says what it lacks, mostly etcd";
  return [missing('pin', `the API server does not serve: ${message}`, add)];
}

/** How long the account of the kubeconfig is known, where that can be read from it. */
function credentialItems({ client }: KubeCluster): Item[] {
  const { token, certData, certFile } = client.transport.config.getCurrentUser() ?? {};
  const validTo = token ? ofToken(token) : ofCertificate(certData, certFile);
  return validTo === null ? [] : [expiryItem('credentials of the kubeconfig', validTo)];
}

function ofToken(token: string): string | null {
  const expiry = jwtExpiry(token);
  return expiry === null ? null : new Date(expiry * 1000).toISOString();
}

function ofCertificate(data: string | undefined, file: string | undefined): string | null {
  try {
    const pem = data ? Buffer.from(data, 'base64') : file ? readFileSync(file) : null;
    return pem === null ? null : new Date(new X509Certificate(pem).validTo).toISOString();
  } catch {
    return null; // The API server says what is wrong with it.
  }
}
