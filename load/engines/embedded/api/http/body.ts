import { InvalidRequest } from '../arguments.ts';

type Warn = (text: string) => void;

/**
 * The body of a request as k6 takes it: text, bytes, or an object that becomes a form.
 * @throws InvalidRequest for anything else
 */
export function bodyOf(given: unknown, warn: Warn): { body: Buffer | null; type: string | null } {
  if (given === undefined || given === null) return { body: null, type: null };
  if (typeof given === 'string') return { body: Buffer.from(given), type: null };
  if (given instanceof ArrayBuffer) return { body: Buffer.from(given), type: null };
  if (given instanceof Uint8Array || given instanceof Uint8ClampedArray)
    return { body: Buffer.from(given.buffer, given.byteOffset, given.byteLength), type: null };
  if (!isPlain(given)) throw new InvalidRequest(`unknown request body type ${kindOf(given)}`);
  return { body: Buffer.from(form(given, warn)), type: 'application/x-www-form-urlencoded' };
}

function isPlain(given: unknown): given is object {
  return Object.prototype.toString.call(given) === '[object Object]';
}

function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** Sorted by name, as Go encodes forms. */
function form(given: object, warn: Warn): string {
  const fields = Object.entries(given).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const pairs = fields.flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).map(
      (one) => `${formText(name)}=${formText(fieldOf(one, warn))}`,
    ),
  );
  return pairs.join('&');
}

/** A form is flat: a nested value is sent empty, as in k6. */
function fieldOf(value: unknown, warn: Warn): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  warn(`a form field cannot hold ${kindOf(value)}: it is sent empty; use JSON.stringify`);
  return '';
}

/** Go's url.QueryEscape: only letters, digits and -_.~ stay. */
function formText(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');
}
