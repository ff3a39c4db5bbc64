/** Modules that are found by their name, such as the definition of a check: no import shows what they must export. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';

const CHECKOUT = path.dirname(import.meta.dirname);

/**
 * What a module exports, held to what it must be.
 * @param file its absolute path
 * @param what it must export, in words
 * @throws Error with its path in the checkout, when it cannot be loaded or exports something else
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
