import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { Agent, buildConnector, ProxyAgent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { asError, codedText, errorCode, errorText } from '../reports/record/error-text.ts';
import { proxyFor } from './proxy.ts';
import type { Proxy } from './proxy.ts';

/** How an HTTP server is reached, and as whom. */
export interface HttpServer {
  /** Base of its API; the path of a question comes behind it. */
  url: string;
  /** Connect here instead of resolving the name in the URL: `host:port`. */
  address?: string | undefined;
  /** Authorities to trust, PEM, whether root or intermediate; the system's when left out. */
  ca?: string | undefined;
  /** What the client shows in TLS, PEM. */
  client?: { certificate: string; key: string } | undefined;
  account?: { user: string; password: string } | undefined;
  token?: string | undefined;
  /** Account and token as they are now. A question that is refused with 401 is asked once more where they are others. */
  reread?: (() => Promise<Pick<HttpServer, 'account' | 'token'>>) | undefined;
  /** Whatever certificate it shows is taken: what it is worth is for the caller to judge, by `HttpAnswer.tls`. */
  anyCertificate?: boolean;
  /** Through the proxy that the environment names for the URL, if any. Never for a store, nor for what clients of the platform see. */
  proxied?: boolean;
}

export interface HttpQuestion {
  /** With its query string. */
  path: string;
  /** GET when left out. */
  method?: string;
  headers?: Record<string, string>;
  body?: string | undefined;
}

export interface HttpBounds {
  /** From the connecting to the last byte, ms. */
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** More bytes than this in one answer are refused; 4 MiB when left out. */
  maxBytes?: number | undefined;
}

/** Whatever the status is. */
export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** What a strict client makes of the certificate of the connection that was opened last, empty where nothing is wrong; null: no TLS, or behind a proxy. */
  tls: { authorized: boolean; error: string } | null;
}

/** The same with what came as it came. */
export interface BytesAnswer extends Omit<HttpAnswer, 'text'> {
  bytes: Buffer;
}

/** There was no whole answer. The message says why, and not who was asked. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly timedOut: boolean;
  readonly tooLarge: boolean;

  constructor(message: string, { cause, ...why }: { cause?: unknown; timedOut?: true; tooLarge?: true }) {
    super(message, cause === undefined ? {} : { cause });
    this.timedOut = why.timedOut ?? false;
    this.tooLarge = why.tooLarge ?? false;
  }
}

const MAX_BYTES = 4 << 20;
/** A packet that asks for a connection is sent again after 1, 3 and 7 s (Linux): after that it is not worth another. */
const CONNECT_MS = 10_000;

/** What undici calls a connection that ends before or within an answer. */
const BROKEN: readonly string[] = ['UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'];

/** Asks one server over HTTP/1.1. It keeps its connections until it is closed; nothing is asked twice but what was refused for an old token, and no redirect is followed. */
export class HttpClient {
  readonly url: string;
  #authorization: Record<string, string>;
  readonly #connect: buildConnector.connector;
  readonly #once: boolean;
  readonly #server: HttpServer;
  /** null: it is reached directly. */
  readonly #proxy: Proxy | null;
  #agent: Dispatcher | null = null;
  #tls: HttpAnswer['tls'] = null;

  /** @param options.once the connection ends with the answer: a kept one to a member that is gone would be asked first */
  constructor(server: HttpServer, options: { once?: boolean } = {}) {
    this.url = server.url.replace(/\/+$/, '');
    this.#authorization = authorization(server);
    this.#server = server;
    this.#proxy = server.proxied === true && server.address === undefined ? proxyFor(server.url) : null;
    const connect = connecting(server);
    this.#connect = (where, connected) =>
      connect(where, (...[error, socket]) => {
        this.#tls = tlsOf(socket);
        if (error === null) connected(null, socket);
        else connected(error, null);
      });
    this.#once = options.once ?? false;
  }

  /** @throws HttpError when there is no whole answer; the reason of the caller's signal */
  async ask(question: HttpQuestion, bounds: HttpBounds): Promise<HttpAnswer> {
    const { bytes, ...answer } = await this.askBytes(question, bounds);
    return { ...answer, text: bytes.toString('utf8') };
  }

  /** As `ask`, for what need not be text. */
  async askBytes(question: HttpQuestion, { deadlineMs, signal, maxBytes }: HttpBounds): Promise<BytesAnswer> {
    signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs)));
    try {
      const ending = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
      return await this.#answered(question, ending, maxBytes ?? MAX_BYTES);
    } catch (cause) {
      if (signal?.aborted === true) throw asError(signal.reason);
      if (timeout.aborted)
        throw new HttpError(`no answer within ${deadlineMs} ms${this.#way()}`, { timedOut: true, cause });
      throw cause instanceof HttpError ? cause : failure(cause, this.#way());
    }
  }

  #way(): string {
    return this.#proxy === null ? '' : ` through the proxy ${this.#proxy.text}`;
  }

  async #answered(question: HttpQuestion, ending: AbortSignal, maxBytes: number): Promise<BytesAnswer> {
    const sent = this.#authorization;
    const answer = await this.#exchange(question, ending, maxBytes);
    const again = answer.status === 401 && (await this.#isRenewed(sent));
    return again ? this.#exchange(question, ending, maxBytes) : answer;
  }

  /** Whether there is something else to show than what was sent. */
  async #isRenewed(sent: Record<string, string>): Promise<boolean> {
    try {
      const now = await this.#server.reread?.();
      if (now !== undefined) this.#authorization = authorization(now);
    } catch {
      return false; // What the server said stands.
    }
    return this.#authorization['authorization'] !== sent['authorization'];
  }

  async #exchange(
    { path, method = 'GET', headers, body }: HttpQuestion,
    signal: AbortSignal,
    maxBytes: number,
  ): Promise<BytesAnswer> {
    this.#agent ??= this.#dispatcher();
    const answer = await request(`${this.url}${path}`, {
      method,
      headers: { accept: 'application/json', ...this.#authorization, ...headers },
      ...(body !== undefined && { body }),
      reset: this.#once,
      dispatcher: this.#agent,
      signal,
    });
    const bytes = await bytesOf(answer.body, maxBytes);
    // Only then does undici take the connection for free: without it, the next question would open another.
    if (!this.#once) await setImmediate();
    return { status: answer.statusCode, headers: answer.headers, bytes, tls: this.#tls };
  }

  #dispatcher(): Dispatcher {
    const bounds = { headersTimeout: 0, bodyTimeout: 0 };
    if (this.#proxy === null) return new Agent({ ...bounds, connect: this.#connect });
    const tls = { requestTls: tlsSettings(this.#server), connectTimeout: CONNECT_MS };
    return new ProxyAgent({ ...bounds, ...tls, uri: this.#proxy.url });
  }

  /** Ends its connections, and what is being asked fails; a question that is asked later opens one again. */
  close(): void {
    void this.#agent?.destroy();
    this.#agent = null;
  }
}

async function bytesOf(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > maxBytes)
      throw new HttpError(`the answer is longer than ${maxBytes} bytes`, { tooLarge: true });
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** One question over a connection of its own. @throws as `HttpClient.ask` */
export async function askOnce(
  server: HttpServer,
  question: HttpQuestion,
  bounds: HttpBounds,
): Promise<HttpAnswer> {
  const client = new HttpClient(server, { once: true });
  try {
    return await client.ask(question, bounds);
  } finally {
    client.close();
  }
}

/** `host:port`, with the brackets of an IPv6 address left out. */
export function hostAndPort(address: string): { host: string; port: number } {
  const cut = address.lastIndexOf(':');
  return { host: address.slice(0, cut).replace(/^\[|\]$/g, ''), port: Number(address.slice(cut + 1)) };
}

/** Where a client of a URL connects to; `address` (`host:port`) in place of the name in it. An IPv6 address has no brackets. */
export function addressOfUrl(url: string, address?: string): { host: string; port: number } {
  if (address !== undefined) return hostAndPort(address);
  const { protocol, port } = new URL(url);
  return { host: hostOfUrl(url), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
}

/** The name in a URL, without the brackets of an IPv6 address. */
export function hostOfUrl(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** Base of a server that is known by where it is. */
export function urlOf(scheme: 'http' | 'https', { host, port }: { host: string; port: number }): string {
  return `${scheme}://${addressText({ host, port })}`;
}

/** `host:port`; an IPv6 address gets its brackets. */
export function addressText({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function authorization({ account, token }: Pick<HttpServer, 'account' | 'token'>): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (account === undefined) return {};
  return { authorization: `Basic ${basicCredentials(account)}` };
}

/** An account as `Authorization: Basic` shows it (RFC 7617). */
export function basicCredentials({ user, password }: { user: string; password: string }): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}

/** The certificate must be for the name in the URL, wherever the connection goes. */
function connecting(server: HttpServer): buildConnector.connector {
  const { address } = server;
  const connect = buildConnector({ ...tlsSettings(server), timeout: CONNECT_MS });
  if (address === undefined) return connect;
  const { host: hostname, port } = hostAndPort(address);
  return (options, callback) => connect({ ...options, hostname, port: String(port) }, callback);
}

function tlsSettings({ ca, client, anyCertificate }: HttpServer): buildConnector.BuildOptions {
  return {
    allowH2: false,
    rejectUnauthorized: anyCertificate !== true,
    ...(ca !== undefined && { ca, allowPartialTrustChain: true }),
    ...(client !== undefined && { cert: client.certificate, key: client.key }),
  };
}

function tlsOf(socket: Socket | null): HttpAnswer['tls'] {
  if (!(socket instanceof TLSSocket)) return null;
  // Node types this as an Error and sets null when there is none.
  const error = socket.authorizationError as Error | string | null;
  return { authorized: socket.authorized, error: error === null ? '' : String(error) };
}

/** In the words of the system: undici has codes of its own for what Node calls a reset or a time-out. */
function failure(cause: unknown, way: string): HttpError {
  const code = errorCode(cause);
  if (code !== null && BROKEN.includes(code))
    return new HttpError(`ECONNRESET: the connection broke before the end of the answer${way}`, {
      cause: reset(cause),
    });
  if (code === 'UND_ERR_CONNECT_TIMEOUT')
    return new HttpError(`no connection within ${CONNECT_MS} ms${way}`, { cause, timedOut: true });
  return new HttpError(`${codedText(cause)}${way}`, { cause });
}

function reset(cause: unknown): Error {
  return Object.assign(new Error(errorText(cause), { cause }), { code: 'ECONNRESET' });
}
