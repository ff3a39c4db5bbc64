/**
 * The platform of the instance `rehearsal`: other products, namespaces and names than the reference platform. Plumbline is tried on it as on a
 * cluster that it knows only from an environment file. One folder a store.
 */
import { join } from 'node:path';
import { SYSTEM_IMAGES } from '../images/recipes.ts';
import type { Make, Part } from '../platform/part.ts';
import { systemPart } from '../platform/system/index.ts';
import { store as postgres } from './postgres/index.ts';

const system = systemPart(join(import.meta.dirname, 'system'), 'fast-local');

const STORES: Readonly<Record<string, Part>> = { postgres };

export const rehearsal: Make = {
  sizes: ['small'],
  optional: STORES,
  images: SYSTEM_IMAGES,
  parts: (words) => [system, ...words.flatMap((word) => STORES[word] ?? [])],
};
