/** Loads modules by file name, such as the definition of a check. The compiler does not see these imports, so exports are checked here. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

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

/** How each of several files declares one thing. */
export interface Declared {
  /** Name of the export. */
  exported: string;
  /** Its property that must equal the name of the file, or of the folder where the file is `declaration.ts`. */
  named: string;
  /** Names the export in errors. */
  what: string;
  /** True where a folder or file may be something else: without the file or its export it is left out. Otherwise that is an error. */
  optional?: true;
}

/** Where every folder directly below this one declares what it is. */
export function declarationsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(folder, name, 'declaration.ts'));
}

/**
 * Loads what each of these files declares, sorted by `order`.
 * @throws Error with its path in the checkout, for one that cannot be loaded, has no order, or is called otherwise than its file or folder
 */
export async function loadDeclared<T extends { order: number }>(
  files: readonly string[],
  { exported, named, what, optional }: Declared,
): Promise<T[]> {
  const load = async (file: string): Promise<T[]> => {
    const own = path.basename(file, '.ts');
    const name = own === 'declaration' ? path.basename(path.dirname(file)) : own;
    const one = z.custom<T>(
      (value) => z.object({ [named]: z.literal(name), order: z.number() }).safeParse(value).success,
    );
    const schema = z.object({ [exported]: optional === true ? one.optional() : one });
    const found = (await loadModule(file, schema, `${what} called ${name}`))[exported];
    return found === undefined ? [] : [found];
  };
  const there = optional === true ? files.filter((file) => existsSync(file)) : files;
  return (await Promise.all(there.map(load))).flat().toSorted((a, b) => a.order - b.order);
}
