/** Answers from outside, held to what they must be like. */
import type { z } from 'zod';

/** What a text says as JSON; undefined where it is none: the schema that it is held to says so then. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param what names the answer. @throws Error with it and with what is otherwise than it must be, in one line */
export function heldTo<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const at = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  throw new Error(`${what}: an answer of another form: ${at}${first?.message ?? ''}`);
}
