/** Stores as their declarations describe them. A new store is a folder beside this file whose `declaration.ts` exports `store`. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { loadModule } from '../host/load-module.ts';
import { addStoreFacts } from '../reports/record/store-facts.ts';
import type { StoreDeclarations, StoreKind, StoreName } from './store/declaring.ts';

export { FAULTS } from './store/declaring.ts';
export type { FailoverGoal, FaultName, StoreKind, StoreName } from './store/declaring.ts';

const moduleSchema = z.object({
  store: z
    .custom<StoreKind>((value) => z.object({ name: z.string(), order: z.number() }).safeParse(value).success)
    .optional(),
});

/** A folder without a store declares something else: a source of telemetry, a pool of devices. */
async function kindIn(folder: string): Promise<StoreKind[]> {
  const file = path.join(import.meta.dirname, folder, 'declaration.ts');
  if (!existsSync(file)) return [];
  const { store } = await loadModule(file, moduleSchema, 'store of its name');
  if (store === undefined) return [];
  if (store.name !== folder)
    throw new Error(`probes/${folder}/declaration.ts is of a store of another name: ${store.name}`);
  return [store];
}

const FOLDERS = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) =>
  entry.isDirectory(),
);

/** Every store, in the order of lists. */
export const STORE_KINDS: readonly StoreKind[] = (await Promise.all(FOLDERS.map(({ name }) => kindIn(name))))
  .flat()
  .toSorted((a, b) => a.order - b.order);

for (const { name, recorded } of STORE_KINDS) addStoreFacts(name, recorded);

export type Stores = { [Name in StoreName]?: StoreDeclarations[Name] | undefined };
/** Any declared store; what only one kind has is read by its driver. */
export type DeclaredStore = StoreDeclarations[StoreName];

/** The section `stores` of an environment file. */
export const stores = z.strictObject(
  Object.fromEntries(STORE_KINDS.map(({ name, schema }) => [name, schema.optional()])),
) as unknown as z.ZodType<Stores>;

/** Their names; a list that is not empty, as `z.enum` wants it. */
export const STORES = STORE_KINDS.map(({ name }) => name) as unknown as readonly [StoreName, ...StoreName[]];

/** @throws Error for a name that is no store's */
export function storeKind(name: string): StoreKind {
  const found = STORE_KINDS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no store "${name}"; there are ${STORES.join(', ')}`);
  return found;
}
