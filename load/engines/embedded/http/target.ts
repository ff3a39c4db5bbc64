import { domainToASCII } from 'node:url';
import { isAscii } from './ascii.ts';
import { ERROR_CODES, RequestError } from './errors.ts';
import { cleanText, parseGoUrl, textOfUrl } from './go-url.ts';
import type { GoUrl } from './go-url.ts';

/** The server that a URL points to, and the parts of a request that the URL determines. */
export interface Target {
  /** The URL as the script wrote it. */
  url: string;
  /** The URL for tags and logs: user and password are masked. */
  clean: string;
  parsed: GoUrl;
  secure: boolean;
  /** In lower case, without the brackets of an IPv6 address. */
  host: string;
  port: number;
  /** The value of the Host header. */
  authority: string;
  /** Path with query. */
  path: string;
  /** For cookies. */
  place: { hostname: string; pathname: string; protocol: string };
  /** Requests with the same key may use the same connection. */
  key: string;
  /** Value of the Authorization header for `http://user:password@host`; null: the URL has no user. */
  authorization: string | null;
  /** Why no request can be sent to this valid URL; k6 counts such a request as failed. */
  refused: string | null;
  /** Cached head of a plain GET. */
  plainHead: string | null;
}

/** The cache is cleared when it is full: scripts that put an id into every URL would fill any cache. */
const MAX_CACHED = 4096;
const cache = new Map<string, Target>();

/** @throws RequestError for an invalid URL; as in k6, it does not count as a request */
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
    url: textOfUrl(url),
    clean: cleanText(url),
    parsed: url,
    secure: scheme === 'https',
    host,
    port,
    authority,
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
