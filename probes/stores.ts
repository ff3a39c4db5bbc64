import path from 'node:path';
import { z } from 'zod';
import { loadModule } from '../host/load-module.ts';
import { STORE_KINDS } from './declared-stores.ts';
import type { StoreDriver } from './store/store-driver.ts';

const moduleSchema = z.object({
  driver: z.custom<StoreDriver>((value) => z.object({ store: z.string() }).safeParse(value).success),
});

/** The folder of each declared store exports its driver. */
async function driverOf(name: string): Promise<StoreDriver> {
  return (await loadModule(path.join(import.meta.dirname, name, 'index.ts'), moduleSchema, '`driver`'))
    .driver;
}

const DRIVERS: readonly StoreDriver[] = await Promise.all(STORE_KINDS.map(({ name }) => driverOf(name)));

export const STORES: readonly string[] = DRIVERS.map((driver) => driver.store);

/** @throws Error that names the stores there are. */
export function storeDriver(name: string): StoreDriver {
  const driver = DRIVERS.find((candidate) => candidate.store === name);
  if (driver === undefined) throw new Error(`store ${name}: not known; there are: ${STORES.join(', ')}`);
  return driver;
}
