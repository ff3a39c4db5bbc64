import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { refusedCredentials, useCredentialPlugins, waitForCredentials } from './access/credential-plugin.ts';
import { errorOfFailure, KubeError } from './errors.ts';
import { impersonationOf } from './access/impersonation.ts';
import { AccountConfig } from './access/kube-config.ts';
import { parseErrorText } from './access/parse-error.ts';
import type { ReadOnlyGuard } from './access/read-only.ts';
import { tokenFilesIn, tokenIn, useTokenFiles } from './access/token-file.ts';
import { proxyFor, proxyHost } from '../../host/proxy.ts';
import { errorText } from '../../reports/record/error-text.ts';

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** What it does, for messages: `list`, `apply` … */
  verb: string;
  path: string;
  body?: unknown;
  contentType?: string;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface Answer {
  status: number;
  retryAfterMs: number | null;
  /** When the server answered, by its clock (`Date`, whole seconds), ms since 1970; null: it does not say. */
  dateMs: number | null;
  body: string;
}

/** Pause before a throttled call is repeated, ms; null: do not repeat. A 429 without Retry-After is an eviction that a PDB forbids. */
export function pauseOf({ status, retryAfterMs }: Answer): number | null {
  return status === 429 ? retryAfterMs : null;
}

/**
 * Loads a kubeconfig; files that it names by a relative path are found beside it.
 * @throws KubeError `invalid` with the file and what is wrong with it, without anything of its text
 */
export function loadKubeConfig(file: string, context?: string): KubeConfig {
  const config = new AccountConfig();
  const folder = dirname(resolve(file));
  const where = { verb: 'read', path: file };
  let text: string;
  let tokenFiles: ReadonlyMap<string, string>;
  try {
    text = readFileSync(file, 'utf8');
    config.loadFromString(text);
    config.makePathsAbsolute(folder);
    tokenFiles = tokenFilesIn(text, folder);
  } catch (error) {
    const parse = parseErrorText(error);
    const detail = parse ?? errorText(error);
    // The parser's own error quotes the file: it is no cause that may be printed.
    const why = parse === null ? { cause: error } : {};
    throw new KubeError('invalid', `kubeconfig ${file} cannot be read: ${detail}`, { ...where, ...why });
  }
  useTokenFiles(config, tokenFiles);
  useCredentialPlugins(config, folder);
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() === null) {
    const names = config.getContexts().map((known) => known.name);
    throw new KubeError(
      'invalid',
      `kubeconfig ${file}: no context "${config.getCurrentContext()}"; it has ${names.join(', ') || 'none'}`,
      where,
    );
  }
  requireFiles(config, { file, tokenFiles });
  takeImpersonation(config, { file, text });
  takeProxy(config);
  return config;
}

/** @throws KubeError `invalid` for what cannot be followed: an account with other rights than it was given must not ask */
function takeImpersonation(config: AccountConfig, { file, text }: { file: string; text: string }): void {
  try {
    config.impersonation = impersonationOf(text, config.getCurrentUser()?.name ?? '');
  } catch (cause) {
    const message = `kubeconfig ${file}: impersonation: ${errorText(cause)}`;
    throw new KubeError('invalid', message, { verb: 'read', path: file, cause });
  }
}

/** A local file that cannot be read is named with its key; only the current context's are needed. @throws KubeError `invalid` */
function requireFiles(
  config: KubeConfig,
  { file, tokenFiles }: { file: string; tokenFiles: ReadonlyMap<string, string> },
): void {
  const user = config.getCurrentUser();
  const named = {
    'certificate-authority': config.getCurrentCluster()?.caFile,
    'client-certificate': user?.certFile,
    'client-key': user?.keyFile,
    tokenFile: tokenFiles.get(user?.name ?? ''),
  };
  for (const [key, path] of Object.entries(named)) {
    if (!path) continue;
    try {
      if (key === 'tokenFile') tokenIn(path);
      else readFileSync(path);
    } catch (cause) {
      const message = `kubeconfig ${file}: ${key} ${path} cannot be read: ${errorText(cause)}`;
      throw new KubeError('invalid', message, { verb: 'read', path, cause });
    }
  }
}

/**
 * Whether the account of the kubeconfig sends anything by which the API server can know it; without, it is system:anonymous.
 * @throws NoCredentials where a command gives none
 */
export async function sendsCredentials(config: KubeConfig, signal: AbortSignal): Promise<boolean> {
  const options: https.RequestOptions = {};
  waitForCredentials(options, signal);
  await config.applyToHTTPSOptions(options);
  const { auth, cert, headers = {} } = options;
  return Boolean(auth ?? cert) || Object.hasOwn(headers, 'Authorization');
}

/** As kubectl does it: `proxy-url` of the kubeconfig, else what the environment names. */
function takeProxy(config: KubeConfig): void {
  const current = config.getCurrentCluster();
  if (current === null || current.proxyUrl || !URL.canParse(current.server)) return;
  const proxy = proxyFor(current.server);
  if (proxy === null) return;
  config.clusters = config.clusters.map((one) => (one === current ? { ...one, proxyUrl: proxy.url } : one));
}

/** The proxy through which the API server is reached, as `host:port`; null: directly. */
export function apiProxy(config: KubeConfig): string | null {
  const url = config.getCurrentCluster()?.proxyUrl;
  return url ? proxyHost(url) : null;
}

/** HTTPS to one API server: keep-alive, the kubeconfig's authentication, a deadline on every exchange. */
export class Transport {
  readonly config: KubeConfig;
  readonly server: string;
  /** Throws for a request that must not be sent. */
  readonly #admit: ReadOnlyGuard['admit'];
  /** Connections that answer one request after another. */
  readonly #shared = new https.Agent({ keepAlive: true, maxSockets: 16, maxFreeSockets: 4 });
  /** A watch holds its connection for as long as it is open: among the shared ones, sixteen of them would stop all else. */
  readonly #held = new https.Agent();

  /** @param readOnly lets nothing through that may change something */
  constructor(config: KubeConfig, readOnly?: ReadOnlyGuard) {
    this.config = config;
    this.#admit = (request) => readOnly?.admit(request);
    this.server = (config.getCurrentCluster()?.server ?? '').replace(/\/+$/, '');
  }

  /**
   * One exchange, body read whole. Statuses of 400 and above are answers too.
   * @throws KubeError `unreachable`, `timeout` or `aborted`; ReadOnlyError for what the guard refuses
   */
  async exchange(request: Request): Promise<Answer> {
    this.#admit(request);
    const deadline = AbortSignal.timeout(Math.ceil(request.timeoutMs));
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    try {
      const response = await this.#send(request, signal, this.#shared);
      const chunks: Buffer[] = [];
      for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
      return answerOf(response, Buffer.concat(chunks).toString('utf8'));
    } catch (cause) {
      throw errorOfFailure(cause, {
        ...this.#where(request),
        timedOut: deadline.aborted,
        aborted: request.signal?.aborted ?? false,
      });
    }
  }

  /** Like `exchange`, but hands over the open response; the deadline covers the time to its headers only. */
  async open(request: Request): Promise<IncomingMessage> {
    this.#admit(request);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), request.timeoutMs);
    const signal = request.signal ? AbortSignal.any([deadline.signal, request.signal]) : deadline.signal;
    try {
      return await this.#send(request, signal, this.#held);
    } catch (cause) {
      const flags = { timedOut: deadline.signal.aborted, aborted: request.signal?.aborted ?? false };
      throw errorOfFailure(cause, { ...this.#where(request), ...flags });
    } finally {
      clearTimeout(timer);
    }
  }

  /** The kubeconfig for a connection that becomes a WebSocket into a pod. @throws ReadOnlyError where the guard refuses it */
  intoPod(path: string): KubeConfig {
    this.#admit({ method: 'GET', path });
    return this.config;
  }

  close(): void {
    this.#shared.destroy();
    this.#held.destroy();
  }

  #where(request: Request): { verb: string; path: string; server: string; timeoutMs: number } {
    const proxy = apiProxy(this.config);
    return {
      verb: request.verb,
      path: request.path.replace(/\?.*$/, ''),
      server: proxy === null ? this.server : `${this.server} through the proxy ${proxy}`,
      timeoutMs: request.timeoutMs,
    };
  }

  async #send(request: Request, signal: AbortSignal, own: https.Agent): Promise<IncomingMessage> {
    const options: https.RequestOptions = {};
    waitForCredentials(options, signal);
    await this.config.applyToHTTPSOptions(options);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const headers: OutgoingHttpHeaders = {
      ...(options.headers as OutgoingHttpHeaders | undefined),
      accept: 'application/json',
    };
    if (body !== undefined) {
      headers['content-type'] = request.contentType ?? 'application/json';
      headers['content-length'] = Buffer.byteLength(body);
    }
    // The library's agent opens a connection for every call; ours stand in for it, except where a proxy needs the library's. Each has the
    // certificates of the request (AccountConfig).
    const agent = this.config.getCurrentCluster()?.proxyUrl ? options.agent : own;
    return new Promise((resolve, reject) => {
      // A request that still waits for a connection does not react to the signal until it has one.
      const giveUp = (): void =>
        reject(signal.reason instanceof Error ? signal.reason : new Error('given up'));
      signal.addEventListener('abort', giveUp, { once: true });
      const outgoing = https.request(
        this.server + request.path,
        { ...options, agent, method: request.method, headers, signal },
        resolve,
      );
      outgoing.on('response', ({ statusCode }) => {
        if (statusCode === 401) refusedCredentials(options);
        signal.removeEventListener('abort', giveUp);
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

function answerOf({ statusCode = 0, headers }: IncomingMessage, body: string): Answer {
  const after = Number(headers['retry-after']);
  const dateMs = Date.parse(headers.date ?? '');
  return {
    status: statusCode,
    retryAfterMs: Number.isFinite(after) && after > 0 ? after * 1000 : null,
    dateMs: Number.isNaN(dateMs) ? null : dateMs,
    body,
  };
}

/** Whether whatever certificate the API server shows is taken, as after `oc login --insecure-skip-tls-verify`. */
export function skipsVerification(config: KubeConfig): boolean {
  return config.getCurrentCluster()?.skipTLSVerify === true;
}

/**
 * SHA-256 (hex) of each certificate of the kubeconfig's CA, over its DER form: while an authority is replaced there are two. Empty where it names
 * none, and where no certificate is verified: a CA that nothing is held to says nothing of who answers.
 */
export function caDigests(config: KubeConfig): string[] {
  if (skipsVerification(config)) return [];
  const certificates = (authorityOf(config) ?? '').match(
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
  );
  return (certificates ?? []).map((pem) =>
    createHash('sha256').update(new X509Certificate(pem).raw).digest('hex'),
  );
}

/** The authority that a kubeconfig names for its cluster, as PEM; null: none. */
export function authorityOf(config: KubeConfig): string | null {
  const cluster = config.getCurrentCluster();
  if (cluster?.caData) return Buffer.from(cluster.caData, 'base64').toString('utf8');
  return cluster?.caFile ? readFileSync(cluster.caFile, 'utf8') : null;
}
