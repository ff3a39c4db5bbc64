import { ERROR_CODES, RequestError } from './errors.ts';

/** How the end of a response's body is determined. */
export type Framing =
  { kind: 'none' } | { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' };

/** Status line and headers of a response. Equal heads of a server's responses share one object. */
export interface Head {
  status: number;
  statusText: string;
  /** In order, with names in lower case; a repeated header has several entries. */
  fields: readonly (readonly [name: string, value: string])[];
  keepAlive: boolean;
  framing: Framing;
  /** The first `content-encoding`; empty: there is none. */
  encoding: string;
  setsCookie: boolean;
}

const STATUS_LINE = /^(HTTP\/1\.[01]) (\d{3})(?: ([^\r\n]*))?$/;
/** RFC 9110, section 5.6.2: the characters of a token. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Like Go, accepts lines that end in LF alone, and lines that continue after a line break and a space (RFC 9112, sections 2.2 and 5.2).
 * @param text the head, including its empty line
 * @throws RequestError for a malformed head, and for one that another parser might read differently
 */
export function parseHead(text: string): Head {
  const lines = text
    .replace(/\r?\n\r?\n$/, '')
    .replace(/[ \t]*\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/);
  const match = STATUS_LINE.exec(lines[0] ?? '');
  if (match === null) throw malformed(`status line ${quoted(lines[0] ?? '')}`);
  const [, proto = '', status = '', statusText = ''] = match;
  const fields = lines.slice(1).map(parseField);
  const framing = framingOf(Number(status), fields);
  return {
    status: Number(status),
    statusText,
    fields,
    framing,
    keepAlive: keepsAlive(proto, fields) && framing.kind !== 'close',
    encoding: valuesOf(fields, 'content-encoding')[0] ?? '',
    setsCookie: valuesOf(fields, 'set-cookie').length > 0,
  };
}

export function malformed(what: string): RequestError {
  return new RequestError(ERROR_CODES.other, `malformed HTTP response: ${what}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

function parseField(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  const value = line.slice(colon + 1).trim();
  if (!TOKEN.test(name)) throw malformed(`header line ${quoted(line)}`);
  // eslint-disable-next-line no-control-regex -- characters that a value may not have
  if (/[\x00\r\n]/.test(value)) throw malformed(`header ${name} with a control character`);
  return [name.toLowerCase(), value];
}

export function valuesOf(fields: Head['fields'], name: string): string[] {
  return fields.filter((one) => one[0] === name).map((one) => one[1]);
}

function keepsAlive(proto: string, fields: Head['fields']): boolean {
  const connection = valuesOf(fields, 'connection').join(',').toLowerCase();
  if (/(^|[\s,])close($|[\s,])/.test(connection)) return false;
  return proto === 'HTTP/1.1' || /(^|[\s,])keep-alive($|[\s,])/.test(connection);
}

/** RFC 9112, section 6.3. Two lengths, or a length and chunks, allow response smuggling, so they are refused. */
function framingOf(status: number, fields: Head['fields']): Framing {
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  refuseAmbiguous(lengths, codings);
  if (status < 200 || status === 204 || status === 304) return { kind: 'none' };
  if (codings.length > 0) return { kind: 'chunked' };
  const [length] = lengths;
  return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: Number(length) };
}

function refuseAmbiguous(lengths: readonly string[], codings: readonly string[]): void {
  if (codings.length > 0) {
    if (lengths.length > 0) throw malformed('both Content-Length and Transfer-Encoding');
    if (codings.join(',').trim().toLowerCase() !== 'chunked')
      throw malformed(`Transfer-Encoding ${quoted(codings.join(','))}`);
  }
  const [length] = lengths;
  if (lengths.some((one) => one !== length))
    throw malformed(`different Content-Length: ${lengths.join(', ')}`);
  if (length !== undefined && (!/^\d{1,15}$/.test(length) || length === ''))
    throw malformed(`Content-Length ${quoted(length)}`);
}
