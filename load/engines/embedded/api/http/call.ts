import { ERROR_CODES, RequestError } from '../../http/errors.ts';
import { Exchange } from '../../http/exchange.ts';
import type { ExchangeListener } from '../../http/exchange.ts';
import type { Head } from '../../http/head.ts';
import { parseSetCookie } from './cookies.ts';
import { decoded } from './decode.ts';
import { recordExchange } from '../record.ts';
import { locationOf, Redirects } from './redirect.ts';
import { cookieHeader, headText, sentRequest } from './request.ts';
import type { Outgoing, Prepared } from './request.ts';
import { Response } from './response.ts';
import type { Vu } from '../vu.ts';

interface Settle {
  resolve: (response: Response) => void;
  reject: (error: Error) => void;
}

/** One call of `http.*`: a request and the redirects that follow from it. */
export class Call implements ExchangeListener {
  readonly #vu: Vu;
  readonly #prepared: Prepared;
  readonly #settle: Settle;
  #redirects: Redirects | null = null;
  #outgoing: Outgoing;
  #followed = 0;
  /** Deadline of the whole chain of redirects. */
  #deadlineMs = 0;

  constructor(vu: Vu, prepared: Prepared, settle: Settle) {
    this.#vu = vu;
    this.#prepared = prepared;
    this.#outgoing = prepared.outgoing;
    this.#settle = settle;
  }

  /** @param plainHead the request's head if it is already known; null: it is built */
  send(plainHead: string | null): void {
    const delay = this.#vu.thread.rpsDelayMs();
    if (delay <= 0) this.#begin(plainHead);
    else this.#later(delay, () => this.#begin(plainHead));
  }

  /** Does nothing if the iteration has been interrupted meanwhile. */
  #later(ms: number, what: () => void): void {
    const { epoch } = this.#vu;
    setTimeout(() => {
      if (this.#vu.epoch === epoch) what();
    }, ms);
  }

  #begin(plainHead: string | null): void {
    this.#deadlineMs = performance.now() + this.#prepared.params.timeoutMs;
    this.#sendNow(plainHead);
  }

  #sendNow(plainHead: string | null): void {
    const vu = this.#vu;
    vu.waited = true;
    if (!vu.thread.takeRequest()) {
      // The load is ending: the promise of an iteration stays pending. Setup and teardown must end, so they get an error.
      if (vu.scenario === null) this.#settle.reject(new Error('the load reached its limit of requests'));
      return;
    }
    const { params } = this.#prepared;
    const { method, target, body, refused } = this.#outgoing;
    const request = {
      method,
      target,
      body,
      deadlineMs: this.#deadlineMs,
      headText: plainHead ?? headText(this.#outgoing, cookieHeader(target, params)),
      discardBody: params.responseType === 'none',
    };
    const exchange = new Exchange(request, this);
    if (refused === null) vu.client.send(exchange);
    else this.#refuse(exchange, refused);
  }

  /** A request that Go would refuse to send still counts as a failed request. */
  #refuse(exchange: Exchange, reason: string): void {
    exchange.startMs = exchange.endMs = performance.now();
    exchange.error = new RequestError(ERROR_CODES.other, reason);
    this.#later(0, () => this.exchangeEnded(exchange));
  }

  exchangeEnded(exchange: Exchange): void {
    const vu = this.#vu;
    const next =
      exchange.head === null || exchange.error !== null ? null : this.#read(exchange, exchange.head);
    recordExchange(vu, exchange, this.#prepared);
    vu.bytesSent += exchange.bytesSent;
    vu.bytesReceived += exchange.bytesReceived;
    if (next === null) {
      this.#end(exchange);
      return;
    }
    this.#outgoing = next;
    this.#sendNow(null);
  }

  /** @returns the request to which a redirect leads; null: this response is the final one */
  #read(exchange: Exchange, head: Head): Outgoing | null {
    try {
      const next = this.#next(head);
      if (next === null && exchange.answer !== null) decode(exchange, exchange.answer, head.encoding);
      this.#keepCookies(exchange, head);
      return next;
    } catch (error) {
      exchange.fail(error instanceof RequestError ? error : new RequestError(1000, (error as Error).message));
      return null;
    }
  }

  #next(head: Head): Outgoing | null {
    const { redirects, redirectsByDefault } = this.#prepared.params;
    const location = locationOf(head);
    if (location === null) return null;
    this.#redirects ??= new Redirects(this.#prepared.outgoing);
    const next = this.#redirects.next(this.#outgoing, head.status, location);
    if (this.#followed++ < redirects) return next;
    if (redirectsByDefault)
      this.#vu.thread.log(
        'warn',
        `stopped after ${redirects} redirects and returned the last one; the parameter redirects or the option maxRedirects sets the limit`,
      );
    return null;
  }

  #keepCookies({ target }: Exchange, head: Head): void {
    for (const line of head.cookies) {
      const cookie = parseSetCookie(line);
      if (cookie !== null) this.#prepared.params.jar.keep(target.place, cookie);
    }
  }

  #end(exchange: Exchange): void {
    const { error } = exchange;
    const { outgoing, params } = this.#prepared;
    if (error !== null) {
      const text = `${exchange.method} ${exchange.target.clean}: ${error.message}`;
      if (params.throw) {
        this.#settle.reject(new Error(text, { cause: error }));
        return;
      }
      this.#vu.thread.log('warn', `Request Failed: ${text}`);
    }
    this.#settle.resolve(new Response(exchange, params.responseType, () => sentRequest(outgoing, params)));
  }
}

/** Responses that have no body (204, 304) are not decoded. */
function decode(exchange: Exchange, answer: Buffer, encoding: string): void {
  if (encoding !== '' && exchange.head?.framing.kind !== 'none') exchange.answer = decoded(answer, encoding);
}
