import { ERROR_CODES, RequestError } from '../http/errors.ts';
import { Exchange } from '../http/exchange.ts';
import { targetOf } from '../http/target.ts';
import type { Target } from '../http/target.ts';
import type { RequestArguments } from './arguments.ts';
import { runBatch } from './batch.ts';
import { Call } from './call.ts';
import { callbackOf, CookieJarHandle, defaultParams, ExpectedStatuses, readParams } from './params.ts';
import type { Params } from './params.ts';
import { bodyOf, headersOf, headText, sentRequest } from './request.ts';
import type { Outgoing } from './request.ts';
import { Response } from './response.ts';
import type { Vu } from './vu.ts';

/** What `http.url` makes: an address, and the template that is its name. */
export class NamedUrl {
  readonly url: string;
  readonly name: string;

  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  toString(): string {
    return this.url;
  }
}

type Send = (url: unknown, params?: unknown) => Promise<Response>;
type SendBody = (url: unknown, body?: unknown, params?: unknown) => Promise<Response>;

/** `k6/http` for one VU. */
export class HttpApi {
  readonly #vu: Vu;
  readonly get: Send;
  readonly head: Send;
  readonly post: SendBody;
  readonly put: SendBody;
  readonly patch: SendBody;
  readonly del: SendBody;
  readonly options: SendBody;
  readonly CookieJar = CookieJarHandle;

  constructor(vu: Vu) {
    this.#vu = vu;
    const withBody =
      (method: string): SendBody =>
      (url, body, params) =>
        this.send({ method, url, body, params });
    this.get = (url, params) =>
      params === undefined && typeof url === 'string'
        ? this.#plainGet(url)
        : this.send({ method: 'GET', url, body: null, params });
    this.head = (url, params) => this.send({ method: 'HEAD', url, body: null, params });
    this.post = withBody('POST');
    this.put = withBody('PUT');
    this.patch = withBody('PATCH');
    this.del = withBody('DELETE');
    this.options = withBody('OPTIONS');
  }

  request = (
    method: unknown,
    url: unknown,
    ...[body, params]: [body?: unknown, params?: unknown]
  ): Promise<Response> => this.send({ method: String(method).toUpperCase(), url, body, params });

  asyncRequest = (
    method: unknown,
    url: unknown,
    ...[body, params]: [body?: unknown, params?: unknown]
  ): Promise<Response> => {
    const vu = this.#vu;
    const { epoch } = vu;
    vu.pending++;
    const settled = (): void => {
      if (vu.epoch !== epoch) return;
      vu.pending--;
      if (vu.pending === 0) vu.whenIdle?.();
    };
    // Errors of the arguments reject, as those of the request do.
    const sent = new Promise<Response>((resolve) => {
      resolve(this.send({ method: String(method).toUpperCase(), url, body, params }));
    });
    // After the script's own reactions, which are registered first.
    void sent.then(
      () => setImmediate(settled),
      () => setImmediate(settled),
    );
    return sent;
  };

  batch = (requests: unknown): Promise<unknown> => runBatch(this.#vu, requests, (one) => this.send(one));

  setResponseCallback = (callback: unknown): void => {
    this.#vu.responseCallback = callbackOf(callback);
  };

  expectedStatuses = (...accepted: (number | { min: number; max: number })[]): ExpectedStatuses => {
    if (accepted.length === 0) throw new TypeError('expectedStatuses(): no arguments');
    return new ExpectedStatuses(accepted);
  };

  cookieJar = (): CookieJarHandle => new CookieJarHandle(this.#vu.jar);

  url = (parts: readonly string[], ...values: readonly unknown[]): NamedUrl => {
    const url = parts.reduce((text, part, at) => `${text}${String(values[at - 1])}${part}`);
    return new NamedUrl(url, parts.join('${}'));
  };

  /** The common case: nothing but an address, and no cookie. */
  #plainGet(url: string): Promise<Response> {
    const vu = this.#vu;
    if (vu.jar.used || vu.initialising) return this.send({ method: 'GET', url, body: null, params: null });
    let target: Target;
    try {
      target = targetOf(url);
    } catch {
      return this.send({ method: 'GET', url, body: null, params: null });
    }
    const params = defaultParams(vu);
    const outgoing: Outgoing = {
      method: 'GET',
      target,
      headers: plainHeaders(target, params, vu),
      body: null,
    };
    target.plainHead ??= headText(outgoing, '');
    const plainHead = target.plainHead;
    return new Promise((resolve, reject) => {
      new Call(vu, { outgoing, params, name: null }, { resolve, reject }).send(plainHead);
    });
  }

  send({ method, url, body, params: given }: RequestArguments): Promise<Response> {
    const vu = this.#vu;
    if (vu.initialising)
      throw new Error(`http.${method.toLowerCase()}: requests cannot be made while the script is loaded`);
    const params = readParams(vu, given);
    const name = url instanceof NamedUrl ? url.name : (params.tags?.['name'] ?? null);
    const text = String(url);
    let target: Target;
    try {
      target = targetOf(text);
    } catch (error) {
      return this.#invalid({ method, url: text, params }, error as RequestError);
    }
    const outgoing = outgoingOf(method, target, { body, params, vu });
    return new Promise((resolve, reject) => {
      new Call(vu, { outgoing, params, name }, { resolve, reject }).send(null);
    });
  }

  /** An address that is none: an answer without a request, as in k6. */
  #invalid(request: { method: string; url: string; params: Params }, error: RequestError): Promise<Response> {
    const { thread } = this.#vu;
    if (thread.options.throw) throw error;
    thread.log('warn', `Request Failed: ${error.message}`);
    const target: Target = {
      ...{ url: request.url, secure: false, host: '', port: 0, authority: '', path: '', key: '' },
      ...{ authorization: null, plainHead: null },
    };
    const fields = {
      method: request.method,
      target,
      headText: '',
      body: null,
      discardBody: false,
      deadlineMs: 0,
    };
    const exchange = new Exchange(fields, { exchangeEnded: () => undefined });
    exchange.error = new RequestError(ERROR_CODES.invalidUrl, error.message);
    const sent = { method: request.method, target, headers: [], body: null };
    return Promise.resolve(new Response(exchange, 'text', () => sentRequest(sent, request.params)));
  }
}

const PLAIN_HEADERS = new WeakMap<Target, Outgoing['headers']>();

function plainHeaders(target: Target, params: Params, vu: Vu): Outgoing['headers'] {
  let headers = PLAIN_HEADERS.get(target);
  if (headers === undefined)
    PLAIN_HEADERS.set(target, (headers = headersOf(target, params, vu.thread.options.userAgent)));
  return headers;
}

function outgoingOf(
  method: string,
  target: Target,
  { body: given, params, vu }: { body: unknown; params: Params; vu: Vu },
): Outgoing {
  const { body, type } = bodyOf(given);
  const headers = headersOf(target, params, vu.thread.options.userAgent);
  if (type !== null && !headers.some(([name]) => name === 'Content-Type'))
    headers.push(['Content-Type', type]);
  return { method, target, headers, body };
}
