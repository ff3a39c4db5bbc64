/** The parts of the platform, in the order in which they are applied. Stores are found by their names; what else can be left out is a row of PARTS. */
import { lackingNeeds, PART_NAMES } from '../../schema/parts.ts';
import type { PartName } from '../../schema/parts.ts';
import { CLUSTER_IMAGES, PLATFORM_IMAGES } from '../images/recipes.ts';
import type { ImageRecipe } from '../images/recipes.ts';
import { edge } from './edge/index.ts';
import { gpu } from './gpu/index.ts';
import type { Part } from './part.ts';
import { prometheus } from './prometheus/index.ts';
import { STORES } from './stores.ts';
import { system } from './system/index.ts';
import { telemetry } from './telemetry/index.ts';
import { ai } from './tender-ai/index.ts';
import { tenderApi } from './tender-api/index.ts';

/** What can be provisioned or left out beside stores, by the word that `--with` takes. */
export const PARTS: Readonly<Record<PartName, Part>> = { telemetry, ai, gpu };

/**
 * The parts of a platform with those stores and parts. The backend comes only with the store that it writes to, and the edge, which leads to it,
 * only with the backend.
 * @param words as `--with` takes them
 * @throws when one is unknown, or lacks what it needs
 */
export function platformParts(words: readonly string[]): readonly Part[] {
  const known = [...Object.keys(STORES), ...PART_NAMES];
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined)
    throw new Error(`no store or part is called "${unknown}"; there are ${known.join(', ')}`);
  const lacking = lackingNeeds(words);
  if (lacking !== null) throw new Error(lacking);
  const stores = words.flatMap((word) => STORES[word] ?? []);
  const backend = words.includes('postgres') ? [tenderApi, edge] : [];
  const parts = PART_NAMES.filter((name) => words.includes(name)).map((name) => PARTS[name]);
  return [system, ...stores, ...backend, ...parts, prometheus];
}

/** The images that a cluster and a platform with those stores and parts need. */
export function imagesFor(words: readonly string[]): readonly ImageRecipe[] {
  const optional: Readonly<Record<string, Part>> = { ...STORES, ...PARTS };
  const ofThem = words.flatMap((word) => optional[word]?.images ?? []);
  const all = [...CLUSTER_IMAGES, ...PLATFORM_IMAGES, ...ofThem];
  // A part may use the image of a store.
  return [...new Map(all.map((image) => [image.name, image])).values()];
}
