/** Answers from outside, checked against a schema. */
import type { z } from 'zod';

/** Parses JSON. Returns undefined for invalid JSON, which the schema then rejects. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A text, or a number as a whole. */
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
/** A whole number that may be beyond 2^53, where JSON.parse rounds. */
const LONG = /^-?\d{16,}$/;

/**
 * As `parseJson`, with whole numbers of 16 digits and more as text of these digits: an id is sent back as it came. It needs no `source` of a
 * reviver, which k6 has not.
 */
export function parseJsonForIds(text: string): unknown {
  const parsed = parseJson(text);
  if (parsed === undefined || !/\d{16}/.test(text)) return parsed;
  return parseJson(text.replace(TEXT_OR_NUMBER, (token) => (LONG.test(token) ? `"${token}"` : token)));
}

/**
 * Checks an answer against a schema.
 * @param what names the answer in the error
 * @throws Error with `what` and the first violation, in one line
 */
export function heldTo<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const at = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  throw new Error(`${what}: the answer has an unexpected shape: ${at}${first?.message ?? ''}`);
}
