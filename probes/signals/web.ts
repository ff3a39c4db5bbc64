import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import type { RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { hostAndPort } from '../edge/endpoint.ts';
import { SignalError } from './errors.ts';

/** How a source of telemetry is reached. */
export interface SignalAddress {
  /** Base of its HTTP API. */
  url: string;
  /** Connect here instead of resolving the name in the URL: `host:port`. */
  address?: string | undefined;
  /** Authorities to trust, PEM; the system's when left out. */
  ca?: string | undefined;
  account?: { user: string; password: string } | undefined;
  token?: string | undefined;
}

export interface SignalBounds {
  /** For one answer, ms. */
  deadlineMs: number;
  signal?: AbortSignal | undefined;
}

export interface SignalQuestion {
  /** With its query string. */
  path: string;
  method?: 'GET' | 'POST';
  /** Sent as JSON. */
  body?: unknown;
}

/** A page of 5,000 log records with the fields that are asked for has some 2 MiB; a hundred traces of twenty spans have some 3. */
const MAX_BYTES = 32 << 20;

/** Asks one source by HTTP. It keeps its connections until it is closed; nothing is asked twice. */
export class SignalClient {
  readonly #to: SignalAddress;
  readonly #agent: PlainAgent;

  constructor(to: SignalAddress) {
    this.#to = to;
    this.#agent = to.url.startsWith('https:')
      ? new TlsAgent({ keepAlive: true })
      : new PlainAgent({ keepAlive: true });
  }

  get url(): string {
    return this.#to.url;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Status and text, whatever the status is. @throws SignalError (unreachable); the reason of the caller's signal */
  ask(question: SignalQuestion, bounds: SignalBounds): Promise<{ status: number; text: string }> {
    bounds.signal?.throwIfAborted();
    const url = new URL(`${this.#to.url.replace(/\/+$/, '')}${question.path}`);
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(bounds.deadlineMs)));
    const signal = bounds.signal === undefined ? timeout : AbortSignal.any([timeout, bounds.signal]);
    const body = question.body === undefined ? undefined : JSON.stringify(question.body);
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    const options = { ...optionsFor(this.#to, url, { ...question, text: body }), agent: this.#agent, signal };
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        if (bounds.signal?.aborted === true) reject(abortError(bounds.signal));
        else if (cause instanceof SignalError) reject(cause);
        else reject(unreachable(url, timeout.aborted ? `no answer within ${bounds.deadlineMs} ms` : cause));
      };
      const sent = send(url, options, (answer) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes <= MAX_BYTES) parts.push(part);
          else
            sent.destroy(
              new SignalError(`${where(url)}: more than ${MAX_BYTES} bytes`, { reason: 'failed' }),
            );
        });
        answer.on('error', fail);
        answer.on('aborted', () => fail('the connection broke before the end of the answer'));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
      });
      sent.on('error', fail);
      sent.end(body);
    });
  }

  /**
   * The JSON of a successful answer.
   * @param accepted statuses beside 2xx whose JSON is an answer too
   * @throws SignalError refused, failed, or unreachable for what is no JSON
   */
  async json(
    question: SignalQuestion,
    bounds: SignalBounds,
    accepted: readonly number[] = [],
  ): Promise<{ status: number; data: unknown }> {
    const { status, text } = await this.ask(question, bounds);
    const at = `${this.#to.url.replace(/\/+$/, '')}${question.path.replace(/\?.*$/, '')}`;
    if (status === 401 || status === 403)
      throw new SignalError(`${at}: refused (${status}): the account or token is not accepted`, {
        reason: 'refused',
        status,
      });
    if ((status < 200 || status > 299) && !accepted.includes(status))
      throw new SignalError(`${at}: status ${status}: ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`, {
        reason: 'failed',
        status,
      });
    try {
      return { status, data: text === '' ? null : (JSON.parse(text) as unknown) };
    } catch (cause) {
      throw new SignalError(`${at}: status ${status}, not JSON: ${text.slice(0, 100)}`, {
        reason: 'unreachable',
        status,
        cause,
      });
    }
  }
}

function optionsFor(
  { address, account, token, ca }: SignalAddress,
  url: URL,
  { method = 'GET', text }: SignalQuestion & { text: string | undefined },
): RequestOptions & { ca?: string; servername?: string } {
  return {
    ...(address !== undefined && hostAndPort(address)),
    method,
    ...(ca !== undefined && { ca }),
    ...(url.protocol === 'https:' && address !== undefined && { servername: url.hostname }),
    ...(account !== undefined && { auth: `${account.user}:${account.password}` }),
    headers: {
      accept: 'application/json',
      host: url.host,
      ...(text !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  };
}

const where = (url: URL): string => `${url.origin}${url.pathname}`;

function unreachable(url: URL, cause: unknown): SignalError {
  const said =
    cause instanceof Error
      ? 'code' in cause && typeof cause.code === 'string'
        ? `${cause.code}: ${cause.message}`
        : cause.message
      : String(cause);
  return new SignalError(`${where(url)}: ${said}`, { reason: 'unreachable', cause });
}

function abortError(signal: AbortSignal): Error {
  const { reason } = signal as { reason: unknown };
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
