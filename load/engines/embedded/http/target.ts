import { ERROR_CODES, RequestError } from './errors.ts';

/** Where a URL leads, and what of it stands in a request. */
export interface Target {
  /** Without user and fragment. */
  url: string;
  secure: boolean;
  /** Without brackets. */
  host: string;
  port: number;
  /** The value of the Host header. */
  authority: string;
  /** Path with query. */
  path: string;
  /** Requests with the same one may share a connection. */
  key: string;
  /** Of `http://user:password@host`: the value of the Authorization header, else null. */
  authorization: string | null;
  /** The head of a plain GET, made once. */
  plainHead: string | null;
}

/** Scripts that put an id into every URL would fill any cache: it begins anew when full. */
const MAX_CACHED = 4096;
const cache = new Map<string, Target>();

/** @throws RequestError for what is no URL of http or https */
export function targetOf(url: string): Target {
  const known = cache.get(url);
  if (known !== undefined) return known;
  const target = parse(url);
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(url, target);
  return target;
}

function parse(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === '' || !/^https?:$/.test(url.protocol))
    throw new RequestError(
      ERROR_CODES.invalidUrl,
      `invalid URL ${JSON.stringify(text)}: expected http:// or https://`,
    );
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const { username, password } = url;
  url.hash = '';
  url.username = '';
  url.password = '';
  return {
    url: url.href,
    ...{ secure, host, port },
    authority: url.host,
    path: `${url.pathname}${url.search}`,
    key: `${url.protocol}//${host}:${port}`,
    authorization: username === '' && password === '' ? null : basic(username, password),
    plainHead: null,
  };
}

function basic(user: string, password: string): string {
  const text = `${decodeURIComponent(user)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}
