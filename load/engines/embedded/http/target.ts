import { ERROR_CODES, RequestError } from './errors.ts';

/** The server that a URL points to, and the parts of a request that the URL determines. */
export interface Target {
  secure: boolean;
  /** In lower case, without the brackets of an IPv6 address. */
  host: string;
  port: number;
  /** The value of the Host header. */
  authority: string;
  /** Path with query, as the script wrote it where it can be sent so: nothing is resolved or decoded. */
  path: string;
  /** Requests with the same key may use the same connection. */
  key: string;
}

/** The cache is cleared when it is full: scripts that put an id into every URL would fill any cache. */
const MAX_CACHED = 4096;
const cache = new Map<string, Target>();

/** @throws RequestError for what is no URL, or none to which a request can be sent */
export function targetOf(text: string): Target {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const target = parsed(text);
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(text, target);
  return target;
}

function parsed(text: string): Target {
  const url = URL.parse(text);
  if (url === null) throw refused(text, 'it is no URL');
  const { protocol, hostname, host, port, username } = url;
  if (protocol !== 'http:' && protocol !== 'https:') throw refused(text, `its scheme is ${protocol}`);
  if (username !== '') throw refused(text, 'it has a user; give a header Authorization');
  const secure = protocol === 'https:';
  return {
    secure,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    authority: host,
    path: asWritten(text) ?? `${url.pathname}${url.search}`,
    key: `${protocol}//${host}`,
  };
}

/** null: it has characters that must not be in a request line. */
function asWritten(text: string): string | null {
  const [, path = ''] = /^[a-z]+:\/\/[^/?#\\]*([\x21-\x7e]*)$/i.exec(text.replace(/#.*$/s, '')) ?? [];
  if (path.startsWith('?')) return `/${path}`;
  return path.startsWith('/') ? path : null;
}

function refused(text: string, why: string): RequestError {
  return new RequestError(
    ERROR_CODES.invalidUrl,
    `invalid URL: ${JSON.stringify(text.replace(/\/\/[^/]*@/, '//****@'))}: ${why}`,
  );
}
