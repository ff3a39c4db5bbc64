import { domainToASCII } from 'node:url';
import { isAscii } from './ascii.ts';
import { ERROR_CODES, RequestError } from './errors.ts';
import { cleanText, parseGoUrl, textOfUrl } from './go-url.ts';
import type { GoUrl } from './go-url.ts';

/** Where a URL leads, and what of it stands in a request. */
export interface Target {
  /** As the script wrote it. */
  url: string;
  /** The same for tags and logs: without name and password. */
  clean: string;
  parsed: GoUrl;
  secure: boolean;
  /** Without brackets, in lower case. */
  host: string;
  port: number;
  /** The value of the Host header. */
  authority: string;
  /** Path with query. */
  path: string;
  /** For cookies. */
  place: { hostname: string; pathname: string; protocol: string };
  /** Requests with the same one may share a connection. */
  key: string;
  /** Of `http://user:password@host`: the value of the Authorization header, else null. */
  authorization: string | null;
  /** Why no request can go there, though it is a URL: k6 counts those as failed requests. */
  refused: string | null;
  /** The head of a plain GET, made once. */
  plainHead: string | null;
}

/** Scripts that put an id into every URL would fill any cache: it begins anew when full. */
const MAX_CACHED = 4096;
const cache = new Map<string, Target>();

/** @throws RequestError for what is no URL: nothing is counted then, as in k6 */
export function targetOf(url: string): Target {
  const known = cache.get(url);
  if (known !== undefined) return known;
  const target = targetAt(parsed(url));
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(url, target);
  return target;
}

function parsed(text: string): GoUrl {
  try {
    return parseGoUrl(text);
  } catch (error) {
    throw new RequestError(
      ERROR_CODES.invalidUrl,
      `invalid URL: ${JSON.stringify(text)}: ${(error as Error).message}`,
      error,
    );
  }
}

export function targetAt(url: GoUrl): Target {
  const { scheme, user } = url;
  const pathname = url.path === '' ? '/' : url.path;
  const { host, port, authority } = placeOf(url);
  return {
    ...{ url: textOfUrl(url), clean: cleanText(url), parsed: url, secure: scheme === 'https' },
    ...{ host, port, authority },
    path: `${pathname}${url.query === null ? '' : `?${url.query}`}`,
    place: { hostname: host, pathname, protocol: `${scheme}:` },
    key: `${scheme}://${host}:${port}`,
    authorization: user === null ? null : basic(user.name, user.password ?? ''),
    refused: refusedBecause(scheme, host),
    plainHead: null,
  };
}

function placeOf({ scheme, host: text }: GoUrl): Pick<Target, 'host' | 'port' | 'authority'> {
  const [, name = '', digits = ''] = /^\[?(.*?)\]?(?::(\d*))?$/.exec(text) ?? [];
  const ascii = asciiOf(name);
  const standard = scheme === 'https' ? 443 : 80;
  return {
    host: ascii.toLowerCase(),
    port: digits === '' ? standard : Number(digits),
    authority: name === ascii ? text : `${ascii}${digits === '' ? '' : `:${digits}`}`,
  };
}

function asciiOf(host: string): string {
  return isAscii(host) ? host : domainToASCII(host);
}

function refusedBecause(scheme: string, host: string): string | null {
  if (scheme !== 'http' && scheme !== 'https') return `unsupported protocol scheme ${JSON.stringify(scheme)}`;
  return host === '' ? 'http: no Host in request URL' : null;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
