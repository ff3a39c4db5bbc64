import { unsupported } from '../unsupported.ts';
import { STATUS_CODES } from 'node:http';
import { ERROR_CODES } from '../../http/errors.ts';
import type { Exchange } from '../../http/exchange.ts';
import { parseSetCookie } from './cookies.ts';
import type { Cookie } from './cookies.ts';
import { select } from './json-path.ts';

export type ResponseType = 'text' | 'binary' | 'none';

export interface Timings {
  duration: number;
  blocked: number;
  /** k6 no longer measures it. */
  looking_up: 0;
  connecting: number;
  tls_handshaking: number;
  sending: number;
  waiting: number;
  receiving: number;
}

/** `response.request`: the request as it was sent. */
export interface SentRequest {
  method: string;
  url: string;
  headers: Record<string, string[]>;
  body: string;
  cookies: Record<string, { name: string; value: string; replace: boolean }[]>;
}

/** `content-type` → `Content-Type`, as Go, and so k6, writes header names. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/**
 * ms, as k6 defines them: `blocked` lasts until the connection is up, so it includes `connecting` and the TLS handshake. One plain object
 * literal for speed, since it is made for every request.
 */
export function timingsOf(exchange: Exchange): Timings {
  const { startMs, sendMs, sentMs, firstByteMs, endMs, reused } = exchange;
  const sent = sendMs !== 0;
  const answered = firstByteMs !== 0;
  const sending = sent ? sentMs - sendMs : 0;
  const waiting = sent ? Math.max(0, (answered ? firstByteMs : endMs) - sentMs) : 0;
  const receiving = answered ? endMs - firstByteMs : 0;
  return {
    duration: sending + waiting + receiving,
    blocked: (sent ? sendMs : endMs) - startMs,
    looking_up: 0,
    connecting: reused ? 0 : exchange.connectingMs,
    tls_handshaking: reused ? 0 : exchange.handshakeMs,
    sending,
    waiting,
    receiving,
  };
}

/** RFC 9110, section 6.4.1: these have no body, not even an empty one. */
const BODILESS = new Set([204, 304]);

/** A response as scripts see it. Fields that most scripts never read are computed on access. */
export class Response {
  readonly #exchange: Exchange;
  readonly #type: ResponseType;
  readonly #request: () => SentRequest | null;
  readonly status: number;
  readonly url: string;
  #body: string | ArrayBuffer | null | undefined;
  #headers: Record<string, string> | null = null;
  #cookies: Record<string, Cookie[]> | null = null;
  #json: unknown;

  /** @param request returns null when nothing was sent */
  constructor(exchange: Exchange, type: ResponseType, request: () => SentRequest | null) {
    this.#exchange = exchange;
    this.#type = type;
    this.#request = request;
    this.status = exchange.head?.status ?? 0;
    this.url = exchange.target.url;
  }

  get status_text(): string {
    const { head } = this.#exchange;
    if (head === null) return '';
    const reason = head.statusText === '' ? (STATUS_CODES[head.status] ?? '') : head.statusText;
    return `${head.status} ${reason}`.trim();
  }

  get proto(): string {
    return this.#exchange.head?.proto ?? '';
  }

  get error(): string {
    return this.#exchange.error?.message ?? '';
  }

  get error_code(): number {
    const { error } = this.#exchange;
    if (error !== null) return error.errorCode;
    return this.status >= 400 ? ERROR_CODES.status + this.status : 0;
  }

  get body(): string | ArrayBuffer | null {
    if (this.#body === undefined) this.#body = this.#decode();
    return this.#body;
  }

  #decode(): string | ArrayBuffer | null {
    const { answer } = this.#exchange;
    if (this.#type === 'none' || answer === null || BODILESS.has(this.status)) return null;
    if (this.#type === 'text') return answer.toString('utf8');
    return answer.buffer.slice(answer.byteOffset, answer.byteOffset + answer.length) as ArrayBuffer;
  }

  get headers(): Record<string, string> {
    if (this.#headers !== null) return this.#headers;
    const found: Record<string, string> = {};
    for (const [name, value] of this.#exchange.head?.fields ?? []) {
      const key = canonicalName(name);
      found[key] = found[key] === undefined ? value : `${found[key]}, ${value}`;
    }
    return (this.#headers = found);
  }

  get cookies(): Record<string, Cookie[]> {
    if (this.#cookies !== null) return this.#cookies;
    const found: Record<string, Cookie[]> = {};
    for (const line of this.#exchange.head?.cookies ?? []) {
      const cookie = parseSetCookie(line);
      if (cookie !== null) (found[cookie.name] ??= []).push(cookie);
    }
    return (this.#cookies = found);
  }

  get timings(): Timings {
    return timingsOf(this.#exchange);
  }

  get request(): SentRequest | null {
    return this.#request();
  }

  /**
   * @returns undefined when a selector is given and the body is not JSON
   * @throws Error when there is no body, or when no selector is given and the body is not JSON
   */
  json(selector?: string): unknown {
    const { body } = this;
    if (body === null)
      throw new Error('json(): there is no body; the request failed, or its body was discarded or is empty');
    const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
    if (selector === undefined) return this.#parse(text);
    try {
      this.#parse(text);
    } catch {
      return undefined;
    }
    return select(this.#json, selector);
  }

  #parse(text: string): unknown {
    if (this.#json !== undefined) return this.#json;
    try {
      return (this.#json = JSON.parse(text) as unknown);
    } catch (cause) {
      const begin = JSON.stringify(text.slice(0, 60));
      throw new Error(
        `cannot parse json of ${this.url} (status ${this.status}): ${(cause as Error).message}; it begins ${begin}`,
        { cause },
      );
    }
  }

  html(): never {
    return refuse('html()');
  }

  submitForm(): never {
    return refuse('submitForm()');
  }

  clickLink(): never {
    return refuse('clickLink()');
  }

  toJSON(): object {
    const { status, status_text, proto, url, body, headers, cookies, timings, error, error_code, request } =
      this;
    return { status, status_text, proto, url, body, headers, cookies, timings, error, error_code, request };
  }
}

function refuse(name: string): never {
  throw unsupported(`Response.${name} is not supported by the embedded engine: it has no HTML parser`);
}
