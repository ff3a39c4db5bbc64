import { ERROR_CODES, RequestError } from './errors.ts';

/** How long the body of an answer is. */
export type Framing =
  { kind: 'none' } | { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' };

/** The status line and the headers of an answer; many answers of one server share one. */
export interface Head {
  status: number;
  statusText: string;
  proto: string;
  /** Names in lower case, in order, repeated ones apart. */
  fields: readonly (readonly [name: string, value: string])[];
  keepAlive: boolean;
  framing: Framing;
  /** The first `content-encoding`, empty where there is none. */
  encoding: string;
  cookies: readonly string[];
}

const STATUS_LINE = /^(HTTP\/1\.[01]) (\d{3})(?: ([^\r\n]*))?$/;
/** RFC 9110, section 5.6.2: the characters of a token. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Lines may end in LF alone, and go on in the next line where that begins with a space (RFC 9112, sections 2.2 and 5.2), as Go reads them.
 * @param text with the empty line
 * @throws RequestError for anything that two readers might understand differently
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
    ...{ statusText, proto, fields, framing },
    keepAlive: keepsAlive(proto, fields) && framing.kind !== 'close',
    encoding: valuesOf(fields, 'content-encoding')[0] ?? '',
    cookies: valuesOf(fields, 'set-cookie'),
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
  // eslint-disable-next-line no-control-regex -- the characters that a value may not have
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

/** RFC 9112, section 6.3. Two lengths, or a length beside chunks, is how answers are smuggled: refused. */
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
