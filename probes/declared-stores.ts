/** Stores as their declarations describe them. A new store is a folder beside this file whose `declaration.ts` exports `store`. */
import { z } from 'zod';
import { declarationsBelow, loadDeclared } from '../host/load-module.ts';
import { addStoreFacts } from '../reports/record/facts/store-facts.ts';
import { managersIn } from './store/declaring.ts';
import type { StoreDeclarations, StoreKind, StoreName } from './store/declaring.ts';

export { FAULTS } from './store/declaring.ts';
export type { FailoverGoal, FaultName, StoreKind, StoreName } from './store/declaring.ts';

/** Every store, in the order of lists. A folder without one declares something else: a source of telemetry, a pool of devices. */
export const STORE_KINDS: readonly StoreKind[] = await loadDeclared<StoreKind>(
  declarationsBelow(import.meta.dirname),
  { exported: 'store', named: 'name', what: 'store', optional: true },
);

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

/** The key of the manager that a store declares; null: none is declared, or the store knows none. */
export function managerOf(store: string, declared: object): string | null {
  return managersIn(storeKind(store).managers ?? {}, declared)[0] ?? null;
}
