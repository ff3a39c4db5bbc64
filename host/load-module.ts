/** Loads modules by file name, such as the definition of a check. The compiler does not see these imports, so exports are checked here. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';

const CHECKOUT = path.dirname(import.meta.dirname);

/**
 * Loads a module and checks its exports against a schema.
 * @param file its absolute path
 * @param what names the required export in the error
 * @throws Error with its path in the checkout, when it cannot be loaded or its exports do not match
 */
export async function loadModule<T>(file: string, exported: z.ZodType<T>, what: string): Promise<T> {
  const name = path.relative(CHECKOUT, file);
  const loaded: unknown = await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw new Error(`${name} cannot be loaded: ${String(error)}`, { cause: error });
  });
  const { data } = exported.safeParse(loaded);
  if (data === undefined) throw new Error(`${name} exports no ${what}`);
  return data;
}
