import { parseDuration } from './duration.ts';
import { ERROR_CODES, RequestError } from './http/errors.ts';
import { TOKEN } from './http/head.ts';
import type { Target } from './http/target.ts';
import { unsupported } from './refusing.ts';

/** k6's default `timeout` of a request, ms. */
const TIMEOUT_MS = 60_000;
const USER_AGENT = 'Plumbline embedded (k6 script)';

// eslint-disable-next-line no-control-regex -- characters that no header value may have (a tab is allowed)
const VALUE = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;
// eslint-disable-next-line no-control-regex -- ASCII includes control characters
const ASCII = /^[\x00-\x7f]*$/;
/** Always written by the engine: with a wrong length from a script, the server would see two requests. */
const OURS = new Set(['content-length', 'transfer-encoding']);
/** For these methods a server expects a body unless Content-Length says 0. */
const NEEDS_LENGTH = new Set(['POST', 'PUT', 'PATCH']);

/** The parameters of a request, its last argument. */
export interface Params {
  headers: Readonly<Record<string, unknown>>;
  timeoutMs: number;
  followsRedirects: boolean;
}

const DEFAULTS: Params = { headers: {}, timeoutMs: TIMEOUT_MS, followsRedirects: true };

/** @throws TypeError naming what is not supported */
export function paramsOf(given: unknown): Params {
  if (given === undefined || given === null) return DEFAULTS;
  const { headers, timeout, redirects, tags: _, ...others } = given as Record<string, unknown>;
  for (const [name, value] of Object.entries(others))
    if (value !== undefined) throw unsupported(`the request parameter "${name}"`);
  const timeoutMs = timeout === undefined ? TIMEOUT_MS : parseDuration(timeout as string | number);
  if (timeoutMs === null)
    throw new TypeError(`timeout: expected a duration such as "10s", seen ${String(timeout)}`);
  return {
    headers: (headers as Params['headers'] | undefined) ?? {},
    timeoutMs,
    followsRedirects: redirects !== 0,
  };
}

/** @throws TypeError for a body that is not text */
export function bodyOf(given: unknown): Buffer | null {
  if (given === undefined || given === null) return null;
  if (typeof given === 'string') return Buffer.from(given);
  throw unsupported('a body that is not text (JSON.stringify makes one of an object)');
}

/**
 * Request line and headers, as the latin1 text of their bytes.
 * @throws RequestError for what would not be one request
 */
export function headText(
  method: string,
  target: Target,
  { headers, body }: { headers: Params['headers']; body: Buffer | null },
): string {
  // RFC 9110, section 9.1: the method is a token; other characters could end the request line early.
  if (!TOKEN.test(method)) throw malformed(`method ${JSON.stringify(method)}`);
  const { host, agent, lines } = linesOf(headers, target.authority);
  const own = agent === '' ? '' : `User-Agent: ${agent}\r\n`;
  const length = body !== null || NEEDS_LENGTH.has(method) ? `Content-Length: ${body?.length ?? 0}\r\n` : '';
  const text = `${method} ${target.path} HTTP/1.1\r\nHost: ${host}\r\n${own}${lines}${length}\r\n`;
  return ASCII.test(text) ? text : Buffer.from(text).toString('latin1');
}

/** The headers of the script; `host` and `agent` apart, of which there is always one. */
function linesOf(
  headers: Params['headers'],
  authority: string,
): { host: string; agent: string; lines: string } {
  const found = { host: authority, agent: USER_AGENT, lines: '' };
  for (const [name, given] of Object.entries(headers)) {
    const value = String(given).trim();
    if (!TOKEN.test(name)) throw malformed(`header name ${JSON.stringify(name)}`);
    if (!VALUE.test(value)) throw malformed(`value of the header ${name}`);
    const lower = name.toLowerCase();
    if (lower === 'host') found.host = value;
    else if (lower === 'user-agent') found.agent = value;
    else if (!OURS.has(lower)) found.lines += `${name}: ${value}\r\n`;
  }
  return found;
}

function malformed(what: string): RequestError {
  return new RequestError(ERROR_CODES.other, `invalid ${what}`);
}
