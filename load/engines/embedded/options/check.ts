import type { z } from 'zod';

/** An option that is malformed or not supported. */
export class OptionsError extends Error {}

/** @throws OptionsError naming the option by its path, with what was expected */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: string,
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = [path, ...(issue?.path ?? [])].map(String).join('.');
  if (issue?.code === 'unrecognized_keys')
    throw new OptionsError(`${where}.${issue.keys[0] ?? ''} is not supported by the embedded engine`);
  throw new OptionsError(`${where}: ${issue?.message ?? 'malformed'}`);
}
