import { parseDuration } from '../../options/duration.ts';
import { InvalidRequest } from '../arguments.ts';
import { CookieJar } from './cookies.ts';
import type { ResponseType } from './response.ts';
import { tagsOf } from '../tags.ts';
import { unsupported } from '../unsupported.ts';
import { EXPECTED } from '../vu.ts';
import type { StatusTest, Vu } from '../vu.ts';

/** k6's default `timeout` of a request, ms. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** How many redirects k6 follows by default. */
const MAX_REDIRECTS = 10;

/** The parameters of a request (its last argument), parsed. */
export interface Params {
  headers: Record<string, string>;
  cookies: Record<string, { value: string; replace: boolean }>;
  /** Null: none were given. */
  tags: Record<string, string> | null;
  timeoutMs: number;
  redirects: number;
  /** The limit of redirects is the default, so that k6 warns when it is reached. */
  redirectsByDefault: boolean;
  responseType: ResponseType;
  jar: CookieJar;
  callback: StatusTest | null;
  throw: boolean;
}

/** `http.expectedStatuses(200, { min: 300, max: 399 })`. */
export class ExpectedStatuses {
  readonly test: StatusTest;

  constructor(accepted: readonly (number | { min: number; max: number })[]) {
    this.test = (status) =>
      accepted.some((one) =>
        typeof one === 'number' ? one === status : status >= one.min && status <= one.max,
      );
  }
}

type Reader = (params: Params, value: unknown) => void;

/** Parameters that k6 ignores when they are null or undefined. */
const OPTIONAL = new Set(['headers', 'cookies', 'tags', 'jar', 'compression']);

const READERS: Readonly<Record<string, Reader>> = {
  headers: (params, value) => {
    for (const [name, one] of entriesOf(value)) params.headers[name] = String(one);
  },
  cookies: (params, value) => {
    for (const [name, one] of entriesOf(value))
      if (one !== undefined && one !== null) params.cookies[name] = cookieOf(one);
  },
  tags: (params, value) => {
    try {
      params.tags = tagsOf(value);
    } catch (error) {
      throw new InvalidRequest((error as Error).message);
    }
  },
  timeout: (params, value) => {
    params.timeoutMs = timeoutOf(value);
  },
  redirects: (params, value) => {
    const count = Math.trunc(Number(value));
    params.redirects = Number.isNaN(count) ? 0 : count;
    params.redirectsByDefault = false;
  },
  responseType: (params, value) => {
    if (value !== 'text' && value !== 'binary' && value !== 'none')
      throw invalid('responseType', value, '"text", "binary" or "none"');
    params.responseType = value;
  },
  jar: (params, value) => {
    if (value instanceof CookieJarHandle) params.jar = value.jar;
  },
  auth: (_, value) => {
    // Basic authentication needs nothing here: user and password of the URL are always sent. Digest and NTLM are not supported.
    if (value === 'digest' || value === 'ntlm')
      throw unsupported(`request parameter auth: "${value}" is not supported by the embedded engine`);
  },
  throw: (params, value) => {
    params.throw = Boolean(value);
  },
  responseCallback: (params, value) => {
    params.callback = value === undefined ? null : callbackOf(value);
  },
};

export function defaultParams(vu: Vu): Params {
  const { maxRedirects, discardResponseBodies, throw: throws } = vu.thread.options;
  return {
    headers: {},
    cookies: {},
    tags: null,
    timeoutMs: REQUEST_TIMEOUT_MS,
    redirects: maxRedirects ?? MAX_REDIRECTS,
    redirectsByDefault: maxRedirects === null,
    responseType: discardResponseBodies ? 'none' : 'text',
    jar: vu.jar,
    callback: vu.responseCallback,
    throw: throws,
  };
}

/**
 * @throws InvalidRequest naming a malformed parameter
 * @throws TypeError naming an unsupported parameter; the load fails with it
 */
export function readParams(vu: Vu, given: unknown): Params {
  const params = defaultParams(vu);
  if (given === undefined || given === null) return params;
  for (const [name, value] of entriesOf(given)) {
    const reader = READERS[name];
    const isNothing = value === undefined || value === null;
    if (isNothing && (OPTIONAL.has(name) || reader === undefined)) continue;
    if (reader === undefined)
      throw unsupported(
        `the request parameter '${name}' is not supported by the embedded engine (it has ${Object.keys(READERS).join(', ')})`,
      );
    reader(params, value);
  }
  return params;
}

/** ms. A negative timeout expires at once, as in k6. */
function timeoutOf(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const negative = typeof value === 'string' && value.startsWith('-');
  const ms = typeof value === 'string' ? parseDuration(negative ? value.slice(1) : value) : null;
  if (ms === null) throw invalid('timeout', value, 'a duration such as "10s", or ms');
  return negative ? -ms : ms;
}

/** Reads the argument of `setResponseCallback` and `responseCallback`. */
export function callbackOf(value: unknown): StatusTest | null {
  if (value === null) return null;
  if (value === undefined) return EXPECTED;
  if (!(value instanceof ExpectedStatuses))
    throw invalid('responseCallback', value, 'http.expectedStatuses(…) or null');
  return value.test;
}

/** The jar object of a script. `http.cookieJar()` returns the VU's jar of the current iteration. */
export class CookieJarHandle {
  readonly jar: CookieJar;

  constructor(jar = new CookieJar()) {
    this.jar = jar;
  }

  cookiesForURL(url: string): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const { name, value } of this.jar.for(new URL(url))) (found[name] ??= []).push(value);
    return found;
  }

  set(url: string, name: string, ...[value, options]: [value?: unknown, options?: unknown]): boolean {
    const given = (typeof options === 'object' && options !== null ? options : {}) as Record<string, unknown>;
    this.jar.keep(new URL(url), {
      name,
      value: String(value),
      domain: textOf(given['domain']),
      path: textOf(given['path']),
      http_only: given['http_only'] === true,
      secure: given['secure'] === true,
      max_age: Number(given['max_age'] ?? 0),
      expires: Date.parse(textOf(given['expires'])) || 0,
    });
    return true;
  }

  clear(url: string): void {
    this.jar.remove(new URL(url), null);
  }

  delete(url: string, name: string): void {
    this.jar.remove(new URL(url), name);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Entries of any value, converted to an object as JavaScript does. */
function entriesOf(value: unknown): [name: string, value: unknown][] {
  return Object.entries(Object(value) as object);
}

function cookieOf(value: unknown): { value: string; replace: boolean } {
  if (typeof value !== 'object' || value === null) return { value: String(value), replace: false };
  const { value: text = '', replace } = value as { value?: unknown; replace?: unknown };
  return { value: String(text), replace: Boolean(replace) };
}

function invalid(name: string, value: unknown, expected: string): InvalidRequest {
  return new InvalidRequest(
    `request parameter ${name}: expected ${expected}, seen ${(JSON.stringify(value) as string | undefined) ?? typeof value}`,
  );
}
