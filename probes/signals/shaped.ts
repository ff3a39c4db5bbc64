import type { z } from 'zod';
import { SignalError } from './errors.ts';

/** Data of a documented shape. @param what address and question, for messages @throws SignalError where it has another */
export function shapedAs<T>(schema: z.ZodType<T>, data: unknown, what: string): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SignalError(
    `${what}: the answer is not as documented: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    { reason: 'unreachable' },
  );
}
