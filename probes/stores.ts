import { elasticsearch } from './elasticsearch/index.ts';
import { neo4j } from './neo4j/index.ts';
import { postgres } from './postgres/index.ts';
import { rabbitmq } from './rabbitmq/index.ts';
import { redis } from './redis/index.ts';
import type { StoreDriver } from './store/store-driver.ts';

/** The one registry: a new store is a folder beside this file and a line here. */
const DRIVERS: readonly StoreDriver[] = [postgres, redis, rabbitmq, elasticsearch, neo4j];

export const STORES: readonly string[] = DRIVERS.map((driver) => driver.store);

/** @throws Error that names the stores there are. */
export function storeDriver(name: string): StoreDriver {
  const driver = DRIVERS.find((candidate) => candidate.store === name);
  if (driver === undefined) throw new Error(`store ${name}: not known; there are: ${STORES.join(', ')}`);
  return driver;
}
