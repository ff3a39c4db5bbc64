/** The stores that can be provisioned: each declared store with a folder here, whose `index.ts` exports `store`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { loadModule } from '../../../host/load-module.ts';
import { STORES as DECLARED } from '../../../probes/declared-stores.ts';
import type { Part } from './part.ts';

async function storesCalled(name: string): Promise<Part[]> {
  const file = path.join(import.meta.dirname, name, 'index.ts');
  // A store may be one that only other environments have.
  if (!existsSync(file)) return [];
  const store = z.custom<Part>((value) => z.object({ name: z.literal(name) }).safeParse(value).success);
  return [(await loadModule(file, z.object({ store }), `store called ${name}`)).store];
}

/** By the name that `--with` takes. */
export const STORES: Readonly<Record<string, Part>> = Object.fromEntries(
  (await Promise.all(DECLARED.map(storesCalled))).flat().map((store) => [store.name, store]),
);
