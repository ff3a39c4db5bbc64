import { parseDuration } from '../options/duration.ts';
import { CookieJar } from './cookies.ts';
import { unsupported } from './unsupported.ts';
import { EXPECTED, tagsOf } from './vu.ts';
import type { StatusTest, Vu } from './vu.ts';
import type { ResponseType } from './response.ts';

/** k6's default `timeout` of a request, ms. */
export const REQUEST_TIMEOUT_MS = 60_000;

/** The fourth argument of a request, read. */
export interface Params {
  headers: Record<string, string>;
  cookies: Record<string, { value: string; replace: boolean }>;
  /** Null: none were given. */
  tags: Record<string, string> | null;
  timeoutMs: number;
  redirects: number;
  responseType: ResponseType;
  jar: CookieJar;
  auth: 'basic' | null;
  callback: StatusTest | null;
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

type Reader = (params: Params, value: unknown, vu: Vu) => void;

const READERS: Readonly<Record<string, Reader>> = {
  headers: (params, value) => {
    for (const [name, one] of Object.entries(objectOf('headers', value))) params.headers[name] = String(one);
  },
  cookies: (params, value) => {
    for (const [name, one] of Object.entries(objectOf('cookies', value)))
      params.cookies[name] = cookieOf(one);
  },
  tags: (params, value) => {
    params.tags = tagsOf(objectOf('tags', value));
  },
  timeout: (params, value) => {
    const ms = typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : null;
    if (ms === null) throw invalid('timeout', value, 'a duration such as "10s", or ms');
    params.timeoutMs = ms;
  },
  redirects: (params, value) => {
    if (typeof value !== 'number' || value < 0) throw invalid('redirects', value, 'a number of at least 0');
    params.redirects = value;
  },
  responseType: (params, value) => {
    if (value !== 'text' && value !== 'binary' && value !== 'none')
      throw invalid('responseType', value, '"text", "binary" or "none"');
    params.responseType = value;
  },
  jar: (params, value) => {
    if (!(value instanceof CookieJarHandle)) throw invalid('jar', value, 'a CookieJar');
    params.jar = value.jar;
  },
  auth: (params, value) => {
    if (value !== 'basic')
      throw unsupported(
        `request parameter auth: ${JSON.stringify(value)} is not supported by the embedded engine (it has "basic")`,
      );
    params.auth = 'basic';
  },
  responseCallback: (params, value) => {
    params.callback = callbackOf(value);
  },
};

export function defaultParams(vu: Vu): Params {
  const { maxRedirects, discardResponseBodies } = vu.thread.options;
  return {
    headers: {},
    cookies: {},
    tags: null,
    timeoutMs: REQUEST_TIMEOUT_MS,
    redirects: maxRedirects,
    responseType: discardResponseBodies ? 'none' : 'text',
    jar: vu.jar,
    auth: null,
    callback: vu.responseCallback,
  };
}

/** @throws TypeError naming a parameter that is malformed, or not supported: then the load fails */
export function readParams(vu: Vu, given: unknown): Params {
  const params = defaultParams(vu);
  if (given === undefined || given === null) return params;
  for (const [name, value] of Object.entries(objectOf('params', given))) {
    if (value === undefined || value === null) {
      if (name === 'responseCallback') params.callback = null;
      continue;
    }
    const reader = READERS[name];
    if (reader === undefined)
      throw unsupported(
        `the request parameter '${name}' is not supported by the embedded engine (it has ${Object.keys(READERS).join(', ')})`,
      );
    reader(params, value, vu);
  }
  return params;
}

/** What `setResponseCallback` and `responseCallback` take. */
export function callbackOf(value: unknown): StatusTest | null {
  if (value === null) return null;
  if (value === undefined) return EXPECTED;
  if (!(value instanceof ExpectedStatuses))
    throw invalid('responseCallback', value, 'http.expectedStatuses(…) or null');
  return value.test;
}

/** The jar that a script holds: `http.cookieJar()` is that of the VU as it is now. */
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
      ...{ name, value: String(value) },
      ...{
        domain: textOf(given['domain']),
        path: textOf(given['path']),
        http_only: given['http_only'] === true,
      },
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

function objectOf(name: string, value: unknown): object {
  if (typeof value !== 'object' || value === null) throw invalid(name, value, 'an object');
  return value;
}

function cookieOf(value: unknown): { value: string; replace: boolean } {
  if (typeof value !== 'object' || value === null) return { value: String(value), replace: false };
  const { value: text, replace } = value as { value?: unknown; replace?: unknown };
  return { value: String(text), replace: replace === true };
}

function invalid(name: string, value: unknown, expected: string): TypeError {
  return new TypeError(
    `request parameter ${name}: expected ${expected}, seen ${(JSON.stringify(value) as string | undefined) ?? typeof value}`,
  );
}
