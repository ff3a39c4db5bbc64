import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { RequestError } from '../http/errors.ts';
import { Exchange } from '../http/exchange.ts';
import type { ExchangeListener } from '../http/exchange.ts';
import { valuesOf } from '../http/head.ts';
import { targetOf } from '../http/target.ts';
import type { Tags } from '../metrics/metric.ts';
import { parseSetCookie } from './cookies.ts';
import type { Params } from './params.ts';
import { cookieHeader, headText, sentRequest } from './request.ts';
import type { Outgoing } from './request.ts';
import { Response, timingsOf } from './response.ts';
import { countError } from './thread.ts';
import { SampleTags } from './vu.ts';
import type { Vu } from './vu.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** One call of `http.*`: a request, and those that redirects make of it. */
export class Call implements ExchangeListener {
  readonly #vu: Vu;
  readonly #params: Params;
  readonly #name: string | null;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: Error) => void;
  #outgoing: Outgoing;
  #redirects: number;

  constructor(
    vu: Vu,
    { outgoing, params, name }: { outgoing: Outgoing; params: Params; name: string | null },
    settle: { resolve: (response: Response) => void; reject: (error: Error) => void },
  ) {
    this.#vu = vu;
    this.#outgoing = outgoing;
    this.#params = params;
    this.#name = name;
    this.#redirects = params.redirects;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  /** @param plainHead the head where it is known, which saves making it */
  send(plainHead: string | null): void {
    const { thread } = this.#vu;
    const delay = thread.rpsDelayMs();
    if (delay <= 0) {
      this.#sendNow(plainHead);
      return;
    }
    const { epoch } = this.#vu;
    setTimeout(() => {
      if (this.#vu.epoch === epoch) this.#sendNow(plainHead);
    }, delay);
  }

  #sendNow(plainHead: string | null): void {
    const vu = this.#vu;
    vu.waited = true;
    // Beyond the limit nothing is sent, and the iteration never goes on: the load is ending.
    if (!vu.thread.takeRequest()) return;
    const { method, target, body } = this.#outgoing;
    const text = plainHead ?? headText(this.#outgoing, cookieHeader(target, this.#params));
    const { responseType, timeoutMs } = this.#params;
    const discardBody = responseType === 'none';
    const request = {
      method,
      target,
      headText: text,
      body,
      discardBody,
      deadlineMs: performance.now() + timeoutMs,
    };
    vu.client.send(new Exchange(request, this));
  }

  exchangeEnded(exchange: Exchange): void {
    const vu = this.#vu;
    if (exchange.head !== null && exchange.error === null) this.#readHead(exchange);
    this.#record(exchange);
    vu.bytesSent += exchange.bytesSent;
    vu.bytesReceived += exchange.bytesReceived;
    try {
      if (this.#follow(exchange)) return;
    } catch (error) {
      exchange.error =
        error instanceof RequestError ? error : new RequestError(1000, (error as Error).message);
    }
    this.#settle(exchange);
  }

  #settle(exchange: Exchange): void {
    const { error } = exchange;
    if (error !== null) {
      const text = `${this.#outgoing.method} ${exchange.target.url}: ${error.message}`;
      if (this.#vu.thread.options.throw) {
        this.#reject(new Error(text, { cause: error }));
        return;
      }
      this.#vu.thread.log('warn', `Request Failed: ${text}`);
    }
    const outgoing = this.#outgoing;
    this.#resolve(
      new Response(exchange, this.#params.responseType, () => sentRequest(outgoing, this.#params)),
    );
  }

  #readHead(exchange: Exchange): void {
    const { head, answer } = exchange;
    if (head === null) return;
    if (head.cookies.length > 0) {
      const place = new URL(exchange.target.url);
      for (const line of head.cookies) {
        const cookie = parseSetCookie(line);
        if (cookie !== null) this.#params.jar.keep(place, cookie);
      }
    }
    if (head.encoding === '' || answer === null || answer.length === 0) return;
    try {
      exchange.answer = decoded(answer, head.encoding);
    } catch (error) {
      // k6's codes 1701 and 1702: a body that is not what its encoding says.
      exchange.error = new RequestError(
        1701,
        `decompressing a ${head.encoding} body: ${(error as Error).message}`,
        error,
      );
    }
  }

  /** Sends the next request where the answer is a redirect. @returns whether it did */
  #follow(exchange: Exchange): boolean {
    const { head } = exchange;
    if (head === null || !REDIRECTS.has(head.status) || exchange.error !== null) return false;
    const [location] = valuesOf(head.fields, 'location');
    if (location === undefined || this.#params.redirects === 0) return false;
    if (this.#redirects-- <= 0) {
      this.#vu.thread.log(
        'warn',
        `Stopped after ${this.#params.redirects} redirects and returned the redirection`,
      );
      return false;
    }
    this.#outgoing = redirected(this.#outgoing, head.status, location);
    this.send(null);
    return true;
  }

  #record(exchange: Exchange): void {
    const vu = this.#vu;
    const { registry, counts } = vu.thread;
    const { built } = registry;
    const times = timingsOf(exchange);
    const status = exchange.head?.status ?? 0;
    const expected = this.#params.callback?.(status);
    const tags = this.#needsTags() ? this.#tags(exchange, expected) : null;
    built.http_reqs.add(1, tags);
    built.http_req_duration.add(times.duration, tags);
    built.http_req_blocked.add(times.blocked, tags);
    built.http_req_connecting.add(times.connecting, tags);
    built.http_req_tls_handshaking.add(times.tls_handshaking, tags);
    built.http_req_sending.add(times.sending, tags);
    built.http_req_waiting.add(times.waiting, tags);
    built.http_req_receiving.add(times.receiving, tags);
    if (expected !== undefined) built.http_req_failed.add(expected ? 0 : 1, tags);
    // Only the first request of an iteration can be late: those after it wait for answers, not for the schedule.
    const latency = exchange.endMs - exchange.startMs + vu.latenessMs;
    vu.latenessMs = 0;
    built.plumbline_latency.add(latency, tags);
    vu.thread.latency(latency);
    counts.requests++;
    if (!(expected ?? exchange.error === null)) this.#failed(exchange, status);
  }

  #failed(exchange: Exchange, status: number): void {
    const { counts } = this.#vu.thread;
    counts.failed++;
    countError(counts, exchange.error?.message ?? `status ${status}`);
  }

  #needsTags(): boolean {
    return this.#vu.thread.registry.tagged;
  }

  #tags(exchange: Exchange, expected: boolean | undefined): Tags {
    const { method, target } = this.#outgoing;
    const status = exchange.head?.status ?? 0;
    const { error } = exchange;
    const own: Record<string, string> = {
      ...{ method, url: this.#name ?? target.url, name: this.#name ?? target.url, status: String(status) },
      ...(exchange.head !== null && { proto: exchange.head.proto }),
      ...(error !== null && { error: error.message, error_code: String(error.errorCode) }),
      ...(error === null && status >= 400 && { error_code: String(1000 + status) }),
      ...(expected !== undefined && { expected_response: String(expected) }),
      ...this.#params.tags,
    };
    return new SampleTags(this.#vu, own);
  }
}

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes),
  'x-gzip': (bytes) => gunzipSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
  // Servers send both what the standard says (zlib) and what its name says (raw).
  deflate: (bytes) => (((bytes[0] ?? 0) & 0x0f) === 8 ? inflateSync(bytes) : inflateRawSync(bytes)),
  identity: (bytes) => bytes,
};

/** Several codings were applied in the order of their names. */
function decoded(body: Buffer, encoding: string): Buffer {
  return encoding
    .split(',')
    .reverse()
    .reduce((bytes, name) => {
      const decode = DECODERS[name.trim()];
      // What is not known is left as it is, as k6 does.
      return decode === undefined ? bytes : decode(bytes);
    }, body);
}

/** What Go does (net/http, redirectBehavior): 307 and 308 repeat the request, the others ask with GET, HEAD stays HEAD. */
function redirected(before: Outgoing, status: number, location: string): Outgoing {
  if (!URL.canParse(location, before.target.url))
    throw new RequestError(1000, `redirect to an invalid URL ${JSON.stringify(location)}`);
  const target = targetOf(new URL(location, before.target.url).href);
  const repeats = status === 307 || status === 308;
  const elsewhere = target.host !== before.target.host;
  const headers = before.headers.flatMap(([name, value]): Outgoing['headers'] => {
    if (name === 'Host') return [[name, target.authority]];
    if (elsewhere && /^(Authorization|Cookie|Www-Authenticate)$/.test(name)) return [];
    return !repeats && name.startsWith('Content-') ? [] : [[name, value]];
  });
  const method = repeats || before.method === 'HEAD' ? before.method : 'GET';
  return { method, target, headers, body: repeats ? before.body : null };
}
