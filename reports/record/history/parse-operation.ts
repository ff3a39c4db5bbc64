import type { OperationColumns } from './operation-columns.ts';

/** Where operations go, by their kind. */
export interface OperationSink {
  writes: OperationColumns;
  reads: OperationColumns;
}

const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const FIRST_PRINTABLE = 0x20;
const LETTER_R = 0x72;
const LETTER_W = 0x77;
const WORST_OUTCOME = 3;
/** With so few digits a double holds every integer, and its quotient by an exact power of ten is correctly rounded. */
const MAX_EXACT_DIGITS = 15;
const POWERS = Float64Array.from({ length: MAX_EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** n, intended, sent, done, outcome of the current line. One buffer for all lines: nothing is allocated per operation. */
const values = new Float64Array(5);
/** Where the last number ended; -1: not a number of the simple form. */
let cursor = 0;

/**
 * Parses one line `["w",n,intended,sent,done,outcome]` or with a detail, from `start` to `stop` (without the newline),
 * and appends it. The exact form that JSON.stringify writes is read by hand; anything else goes through JSON.parse.
 * @returns false when the line is not an operation
 */
export function parseOperation(buffer: Buffer, start: number, stop: number, sink: OperationSink): boolean {
  return parseFast(buffer, start, stop, sink) || parseSlowly(buffer.toString('utf8', start, stop), sink);
}

function parseFast(buffer: Buffer, start: number, stop: number, sink: OperationSink): boolean {
  const columns = opening(buffer, start, sink);
  const last = stop - 1;
  if (columns === null || !fields(buffer, start + 5) || buffer[last] !== CLOSE_BRACKET) return false;
  if (cursor === last) {
    columns.push(values);
    return true;
  }
  if (!isSimpleString(buffer, cursor, last)) return false;
  columns.pushDetailed(values, buffer, cursor + 2, last - 1);
  return true;
}

/** Columns for a line that begins with `["w",` or `["r",`; null for any other line. */
function opening(buffer: Buffer, start: number, sink: OperationSink): OperationColumns | null {
  if (buffer[start + 1] !== QUOTE || buffer[start + 3] !== QUOTE || buffer[start + 4] !== COMMA) return null;
  const kind = buffer[start + 2];
  if (kind === LETTER_W) return sink.writes;
  return kind === LETTER_R ? sink.reads : null;
}

/** Reads the five numbers into `values` and leaves `cursor` behind them. */
function fields(buffer: Buffer, from: number): boolean {
  cursor = from;
  for (let index = 0; index < 5; index += 1) {
    values[index] = number(buffer, cursor);
    if (cursor < 0) return false;
    if (index < 4 && buffer[cursor++] !== COMMA) return false;
  }
  return plausible();
}

function plausible(): boolean {
  const outcome = values[4] as number;
  const n = values[0] as number;
  return (
    Number.isInteger(outcome) && outcome >= 0 && outcome <= WORST_OUTCOME && Number.isSafeInteger(n) && n >= 0
  );
}

/** A decimal number without exponent; leaves `cursor` behind it, or at -1 if JSON.parse must read it. */
function number(buffer: Buffer, from: number): number {
  const negative = buffer[from] === MINUS;
  const first = negative ? from + 1 : from;
  const whole = digits(buffer, first, 0);
  let at = cursor;
  let count = at - first;
  if (count === 0) return fail();
  let value = whole;
  if (buffer[at] === DOT) {
    const mantissa = digits(buffer, at + 1, whole);
    const decimals = cursor - at - 1;
    if (decimals === 0) return fail();
    count += decimals;
    at = cursor;
    value = count > MAX_EXACT_DIGITS ? 0 : mantissa / (POWERS[decimals] as number);
  }
  if (count > MAX_EXACT_DIGITS) return Number(buffer.toString('latin1', from, at));
  return negative ? -value : value;
}

/** `value` with the digits from `from` on appended; leaves `cursor` behind the last. */
function digits(buffer: Buffer, from: number, value: number): number {
  let at = from;
  for (;;) {
    const digit = (buffer[at] as number) - ZERO;
    // Past the end of the buffer the digit is NaN.
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
    at += 1;
  }
  cursor = at;
  return value;
}

function fail(): number {
  cursor = -1;
  return Number.NaN;
}

/** Is there `,"text"` from `from` to `last`, without escapes? */
function isSimpleString(buffer: Buffer, from: number, last: number): boolean {
  if (buffer[from] !== COMMA || buffer[from + 1] !== QUOTE || buffer[last - 1] !== QUOTE) return false;
  if (last - 1 < from + 2) return false;
  for (let at = from + 2; at < last - 1; at += 1) {
    const byte = buffer[at] as number;
    if (byte < FIRST_PRINTABLE || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

function parseSlowly(text: string, sink: OperationSink): boolean {
  const line = parseArray(text);
  if (line === null) return false;
  const [kind, ...rest] = line;
  const detail = rest[5];
  const columns = kind === 'w' ? sink.writes : kind === 'r' ? sink.reads : null;
  const numbers = rest.slice(0, 5);
  if (columns === null || !numbers.every((value) => typeof value === 'number')) return false;
  if (detail !== undefined && typeof detail !== 'string') return false;
  values.set(numbers);
  if (!plausible()) return false;
  if (detail === undefined) columns.push(values);
  else {
    const bytes = Buffer.from(detail);
    columns.pushDetailed(values, bytes, 0, bytes.length);
  }
  return true;
}

function parseArray(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && (value.length === 6 || value.length === 7) ? value : null;
  } catch {
    return null;
  }
}
