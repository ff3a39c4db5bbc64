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
