/**
 * The platform of the instance `rehearsal`: other products, namespaces and names than the reference platform. Plumbline is tried on it as on a
 * cluster that it knows only from an environment file. One folder a store.
 */
import { join } from 'node:path';
import { SYSTEM_IMAGES } from '../images/recipes.ts';
import type { Make, Part } from '../platform/part.ts';
import { systemPart } from '../platform/system/index.ts';
import { accountPart, OWNERS_IMAGES } from './account/index.ts';
import { store as postgres } from './postgres/index.ts';

const system = systemPart(join(import.meta.dirname, 'system'), 'fast-local');

const STORES: Readonly<Record<string, Part>> = { postgres };

/** Namespaces of the platform, in which the one who checks has the documented rights. */
const NAMESPACES = ['databases'];
/** The password of the account that checks use in each store, by the name that its part has for it. */
const ACCOUNTS: Readonly<Record<string, string>> = { postgres: 'plumbline' };

export const rehearsal: Make = {
  sizes: ['small'],
  optional: STORES,
  images: [...SYSTEM_IMAGES, ...OWNERS_IMAGES],
  parts: (words) => {
    const accounts = Object.entries(ACCOUNTS).filter(([store]) => words.includes(store));
    const stores = words.flatMap((word) => STORES[word] ?? []);
    return [system, ...stores, accountPart(NAMESPACES, Object.fromEntries(accounts))];
  },
};
