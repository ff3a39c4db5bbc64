import { isAscii } from '../../http/ascii.ts';
import type { Target } from '../../http/target.ts';
import type { Params } from './params.ts';
import type { SentRequest } from './response.ts';
import { canonicalName } from './response.ts';

/** One request as it is sent. A redirect makes a new one from it. */
export interface Outgoing {
  method: string;
  target: Target;
  /** The script's own Host header; null: the target's. */
  host: string | null;
  headers: [name: string, value: string][];
  body: Buffer | null;
  /** Why it cannot be sent; it then counts as a failed request, as in k6. */
  refused: string | null;
}

/** A call of `http.*` whose arguments have been read. */
export interface Prepared {
  outgoing: Outgoing;
  params: Params;
  /** The template of `http.url`; null: there is none. */
  template: string | null;
}

/** RFC 9110, section 9.1: the method is a token; other characters could end the request line early. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// eslint-disable-next-line no-control-regex -- characters that no header value may have (a tab is allowed)
const VALUE = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;

/** The script's headers and the default User-Agent. Of several with the same name the last one wins. */
export function headersOf(params: Params, userAgent: string, type: string | null): Outgoing['headers'] {
  const headers = new Map([['User-Agent', userAgent]]);
  if (type !== null) headers.set('Content-Type', type);
  for (const [name, value] of Object.entries(params.headers)) headers.set(canonicalName(name), value);
  return [...headers];
}

/** Why Go would refuse to send the request; null: it would send it. */
export function refusedBecause({ method, target, headers }: Omit<Outgoing, 'refused'>): string | null {
  if (target.refused !== null) return target.refused;
  if (!TOKEN.test(method)) return `net/http: invalid method ${JSON.stringify(method)}`;
  for (const [name, value] of headers) {
    if (!TOKEN.test(name)) return `net/http: invalid header field name ${JSON.stringify(name)}`;
    if (!VALUE.test(value)) return `net/http: invalid header field value for ${JSON.stringify(name)}`;
  }
  return null;
}

/** Cookies of the request and of the jar. One with `replace` is sent instead of the jar's of the same name, otherwise both are. */
export function cookieHeader({ place }: Target, params: Params): string {
  const own = Object.entries(params.cookies);
  if (own.length === 0 && !params.jar.used) return '';
  const replaced = new Set(own.flatMap(([name, { replace }]) => (replace ? [name] : [])));
  const kept = params.jar.for(place).filter(({ name }) => !replaced.has(name));
  return [
    ...own.map(([name, { value }]) => `${name}=${value}`),
    ...kept.map(({ name, value }) => `${name}=${value}`),
  ].join('; ');
}

/** Request line and headers, as the latin1 text of their bytes. */
export function headText({ method, target, host, headers, body }: Outgoing, cookies: string): string {
  const own = headers.flatMap(([name, value]) => (name === 'Cookie' ? [value] : []));
  const cookie = [...own, cookies].filter((one) => one !== '').join('; ');
  const lines = [`Host: ${host ?? target.authority}\r\n`];
  for (const [name, value] of headers.filter(isTheirs)) lines.push(`${name}: ${value.trim()}\r\n`);
  if (target.authorization !== null && !has(headers, 'Authorization'))
    lines.push(`Authorization: ${target.authorization}\r\n`);
  if (cookie !== '') lines.push(`Cookie: ${cookie}\r\n`);
  if (body !== null || needsLength(method)) lines.push(`Content-Length: ${body?.length ?? 0}\r\n`);
  return bytesOf(`${method} ${target.path} HTTP/1.1\r\n${lines.join('')}\r\n`);
}

/** Whether a header of the script is sent. An empty User-Agent means: send none. */
function isTheirs([name, value]: [name: string, value: string]): boolean {
  return !OURS.has(name) && !(name === 'User-Agent' && value === '');
}

function has(headers: Outgoing['headers'], wanted: string): boolean {
  return headers.some(([name]) => name === wanted);
}

function bytesOf(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1');
}

/** Always written by the engine: with a wrong length from a script, the server would see two requests. */
const OURS = new Set(['Content-Length', 'Transfer-Encoding', 'Cookie', 'Host']);

/** For these methods a server expects a body unless Content-Length says 0. */
function needsLength(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

/** `response.request`. */
export function sentRequest({ method, target, headers, body }: Outgoing, params: Params): SentRequest {
  const cookies = Object.entries(params.cookies).map(([name, { value, replace }]) => [
    name,
    [{ name, value, replace }],
  ]);
  return {
    method,
    url: target.url,
    body: body?.toString('utf8') ?? '',
    headers: Object.fromEntries(headers.map(([name, value]) => [name, [value]])),
    cookies: Object.fromEntries(cookies) as SentRequest['cookies'],
  };
}
