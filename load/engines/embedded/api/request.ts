import type { Target } from '../http/target.ts';
import type { Params } from './params.ts';
import type { SentRequest } from './response.ts';
import { canonicalName } from './response.ts';

/** One request as it goes out; a redirect makes another one of it. */
export interface Outgoing {
  method: string;
  target: Target;
  headers: [name: string, value: string][];
  body: Buffer | null;
}

/** RFC 9110, section 9.1: the method is a token; anything else would end the request line early. */
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NAME = METHOD;
// eslint-disable-next-line no-control-regex -- the characters that would end a header line
const VALUE = /^[^\x00\r\n]*$/;

/** The body of a request as k6 takes it: text, bytes, or an object that becomes a form. @throws TypeError for anything else */
export function bodyOf(given: unknown): { body: Buffer | null; type: string | null } {
  if (given === undefined || given === null) return { body: null, type: null };
  if (typeof given === 'string') return { body: Buffer.from(given), type: null };
  if (given instanceof ArrayBuffer) return { body: Buffer.from(given), type: null };
  if (ArrayBuffer.isView(given))
    return { body: Buffer.from(given.buffer, given.byteOffset, given.byteLength), type: null };
  if (typeof given !== 'object')
    throw new TypeError(
      `body of a request: expected a string, an object, an ArrayBuffer or null, seen ${typeof given}`,
    );
  return { body: Buffer.from(form(given)), type: 'application/x-www-form-urlencoded' };
}

function form(given: object): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(given))
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) fields.append(name, String(one));
  return fields.toString();
}

/** The headers that a script gave, with those that every request has. @throws TypeError for a name or value that no header can have */
export function headersOf(target: Target, params: Params, userAgent: string): Outgoing['headers'] {
  const headers: Outgoing['headers'] = [];
  const given = new Set<string>();
  for (const [name, value] of Object.entries(params.headers)) {
    if (!NAME.test(name) || !VALUE.test(value))
      throw new TypeError(
        `header ${JSON.stringify(name)}: ${JSON.stringify(value)} cannot be sent: it is no valid header`,
      );
    given.add(name.toLowerCase());
    headers.push([canonicalName(name), value]);
  }
  if (!given.has('user-agent')) headers.unshift(['User-Agent', userAgent]);
  if (!given.has('host')) headers.unshift(['Host', target.authority]);
  if (target.authorization !== null && !given.has('authorization'))
    headers.push(['Authorization', target.authorization]);
  return headers;
}

/** The cookies of the jar and those of the request: these win over one of the same name only with `replace`. */
export function cookieHeader(target: Target, params: Params): string {
  const own = Object.entries(params.cookies);
  if (own.length === 0 && !params.jar.used) return '';
  const replaced = new Set(own.flatMap(([name, { replace }]) => (replace ? [name] : [])));
  const kept = params.jar.for(new URL(target.url)).filter(({ name }) => !replaced.has(name));
  return [
    ...own.map(([name, { value }]) => `${name}=${value}`),
    ...kept.map(({ name, value }) => `${name}=${value}`),
  ].join('; ');
}

/** Request line and headers. @throws TypeError for a method that is none */
export function headText({ method, target, headers, body }: Outgoing, cookies: string): string {
  if (!METHOD.test(method)) throw new TypeError(`${JSON.stringify(method)} is no HTTP method`);
  const own = headers.flatMap(([name, value]) => (name === 'Cookie' ? [value] : []));
  const cookie = cookies === '' ? own : [...own, cookies];
  const lines = headers.filter(([name]) => !OURS.has(name)).map(([name, value]) => `${name}: ${value}\r\n`);
  if (cookie.length > 0) lines.push(`Cookie: ${cookie.join('; ')}\r\n`);
  if (body !== null || needsLength(method)) lines.push(`Content-Length: ${body?.length ?? 0}\r\n`);
  return `${method} ${target.path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Written by us, whatever a script gives: a wrong length would make two requests of one. */
const OURS = new Set(['Content-Length', 'Transfer-Encoding', 'Cookie']);

/** A server waits for a body of these unless it is told that there is none. */
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
    ...{ method, url: target.url, body: body?.toString('utf8') ?? '' },
    headers: Object.fromEntries(
      headers.filter(([name]) => name !== 'Host').map(([name, value]) => [name, [value]]),
    ),
    cookies: Object.fromEntries(cookies) as SentRequest['cookies'],
  };
}
