import { RequestError } from '../../http/errors.ts';
import { Exchange } from '../../http/exchange.ts';
import { targetOf } from '../../http/target.ts';
import type { Target } from '../../http/target.ts';
import { InvalidRequest, NamedUrl } from '../arguments.ts';
import type { RequestArguments } from '../arguments.ts';
import { runBatch } from './batch.ts';
import { bodyOf } from './body.ts';
import { Call } from './call.ts';
import type { Prepared } from './request.ts';
import { callbackOf, CookieJarHandle, defaultParams, ExpectedStatuses, readParams } from './params.ts';
import { headersOf, headText, refusedBecause } from './request.ts';
import type { Outgoing } from './request.ts';
import { Response } from './response.ts';
import type { Vu } from '../vu.ts';

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
  ): Promise<Response> => this.send({ method: String(method), url, body, params });

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
    // An error of the arguments must reject the promise, as an error of the request does.
    const sent = new Promise<Response>((resolve) => {
      resolve(this.send({ method: String(method), url, body, params }));
    });
    // `settled` must run after the script's own handlers of this promise.
    void sent.then(
      () => setImmediate(settled),
      () => setImmediate(settled),
    );
    return sent;
  };

  batch = (...requests: unknown[]): Promise<unknown> =>
    runBatch(this.#vu, requests, {
      prepare: (one) => this.#prepare(one),
      send: (prepared) => this.#call(prepared, null),
      none: noAnswer,
    });

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

  /** Fast path for the common case: a GET without parameters or cookies. */
  #plainGet(url: string): Promise<Response> {
    const vu = this.#vu;
    if (vu.jar.used || vu.initialising) return this.send({ method: 'GET', url, body: null, params: null });
    let target: Target;
    try {
      target = targetOf(url);
    } catch {
      return this.send({ method: 'GET', url, body: null, params: null });
    }
    const prepared = plainRequest(vu, target);
    target.plainHead ??= headText(prepared.outgoing, '');
    return this.#call(prepared, target.plainHead);
  }

  send(request: RequestArguments): Promise<Response> {
    let prepared: Prepared;
    try {
      prepared = this.#prepare(request);
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error;
      return this.#invalid(error);
    }
    return this.#call(prepared, null);
  }

  #call(prepared: Prepared, plainHead: string | null): Promise<Response> {
    return new Promise((resolve, reject) => {
      new Call(this.#vu, prepared, { resolve, reject }).send(plainHead);
    });
  }

  /** @throws InvalidRequest for arguments from which no request can be made */
  #prepare({ method, url, body: givenBody, params: given }: RequestArguments): Prepared {
    const vu = this.#vu;
    if (vu.initialising)
      throw new Error(`http.${method.toLowerCase()}: requests cannot be made while the script is loaded`);
    const target = addressOf(url);
    const { body, type } = bodyOf(givenBody, (text) => vu.thread.log('warn', text));
    const params = readParams(vu, given);
    const headers = headersOf(params, vu.thread.options.userAgent, type);
    const host = headers.find(([name]) => name === 'Host')?.[1] ?? null;
    const made = { method: method === '' ? 'GET' : method, target, host, headers, body };
    const template = url instanceof NamedUrl && url.name !== target.clean ? url.name : null;
    return { outgoing: { ...made, refused: refusedBecause(made) }, params, template };
  }

  /** A response without a request, as in k6. It comes in a later turn of the event loop, so that a script in a loop lets other VUs run. */
  #invalid(error: InvalidRequest): Promise<Response> {
    const vu = this.#vu;
    const { epoch } = vu;
    vu.waited = true;
    const { options } = vu.thread;
    if (!options.throw) vu.thread.log('warn', `Request Failed: ${error.message}`);
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        if (vu.epoch !== epoch) return;
        if (options.throw) reject(error);
        else resolve(noAnswer(error));
      });
    });
  }
}

/** @throws InvalidRequest for an invalid URL */
function addressOf(url: unknown): Target {
  if (typeof url !== 'string' && !(url instanceof NamedUrl))
    throw new InvalidRequest(`invalid URL: ${String(url)}`, 1020);
  try {
    return targetOf(String(url));
  } catch (error) {
    throw new InvalidRequest((error as Error).message, 1020);
  }
}

/** The response for a request that was not sent. @param error null: another request of the batch was invalid */
function noAnswer(error: InvalidRequest | null): Response {
  const fields = { method: '', target: NOWHERE, headText: '', body: null, discardBody: false, deadlineMs: 0 };
  const exchange = new Exchange(fields, { exchangeEnded: () => undefined });
  exchange.answer = Buffer.alloc(0);
  if (error !== null) exchange.error = new RequestError(error.errorCode, error.message);
  return new Response(exchange, 'text', () => null);
}

const NOWHERE = targetOf('');

const PLAIN_HEADERS = new WeakMap<Target, Outgoing['headers']>();

function plainRequest(vu: Vu, target: Target): Prepared {
  const params = defaultParams(vu);
  let headers = PLAIN_HEADERS.get(target);
  if (headers === undefined)
    PLAIN_HEADERS.set(target, (headers = headersOf(params, vu.thread.options.userAgent, null)));
  const { refused } = target;
  const outgoing: Outgoing = { method: 'GET', target, host: null, headers, body: null, refused };
  return { outgoing, params, template: null };
}
