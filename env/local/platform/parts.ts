/** Which platform each instance has, and the parts of the reference platform: its stores are found by their names; what else can be left out is a row of PARTS. */
import { lackingNeeds, PART_NAMES } from '../../schema/parts.ts';
import type { PartName } from '../../schema/parts.ts';
import { CLUSTER_IMAGES, PLATFORM_IMAGES, SYSTEM_IMAGES } from '../images/recipes.ts';
import type { ImageRecipe } from '../images/recipes.ts';
import type { ClusterSize, InstanceName } from '../nodes/addressing.ts';
import { groupsFor, type GroupName } from '../toolchain/index.ts';
import { rehearsal } from '../rehearsal/index.ts';
import { edge } from './edge/index.ts';
import { gpu } from './gpu/index.ts';
import type { Make, Part } from './part.ts';
import { prometheus } from './prometheus/index.ts';
import { STORES } from './stores.ts';
import { system } from './system/index.ts';
import { telemetry } from './telemetry/index.ts';
import { ai } from './tender-ai/index.ts';
import { tenderApi } from './tender-api/index.ts';

/** What can be provisioned or left out beside stores, by the word that `--with` takes. */
export const PARTS: Readonly<Record<PartName, Part>> = { telemetry, ai, gpu };

/** The backend comes only with the store that it writes to, and the edge, which leads to it, only with the backend. */
const reference: Make = {
  sizes: ['small', 'full'],
  optional: { ...STORES, ...PARTS },
  images: [...SYSTEM_IMAGES, ...PLATFORM_IMAGES],
  parts: (words) => {
    const lacking = lackingNeeds(words);
    if (lacking !== null) throw new Error(lacking);
    const stores = words.flatMap((word) => STORES[word] ?? []);
    const backend = words.includes('postgres') ? [tenderApi, edge] : [];
    const parts = PART_NAMES.filter((name) => words.includes(name)).map((name) => PARTS[name]);
    return [system, ...stores, ...backend, ...parts, prometheus];
  },
};

const MAKES: Readonly<Record<InstanceName, Make>> = {
  local: reference,
  'local-small': reference,
  rehearsal,
};

/**
 * The parts of an instance's platform with those stores and parts, in the order in which they are applied.
 * @param words as `--with` takes them
 * @throws when one is unknown, or lacks what it needs
 */
export function platformParts(instance: InstanceName, words: readonly string[]): readonly Part[] {
  const { optional, parts } = MAKES[instance];
  const unknown = words.find((word) => optional[word] === undefined);
  if (unknown !== undefined)
    throw new Error(
      `no store or part of ${instance} is called "${unknown}"; there are ${Object.keys(optional).join(', ')}`,
    );
  return parts(words);
}

/** The images that a cluster and its platform with those stores and parts need. */
export function imagesFor(instance: InstanceName, words: readonly string[]): readonly ImageRecipe[] {
  const { optional, images } = MAKES[instance];
  const ofThem = words.flatMap((word) => optional[word]?.images ?? []);
  const all = [...CLUSTER_IMAGES, ...images, ...ofThem];
  // A part may use the image of a store.
  return [...new Map(all.map((image) => [image.name, image])).values()];
}

/** The programs to compile for a cluster and its platform with those stores and parts: what their images hold. */
export function toolsFor(instance: InstanceName, words: readonly string[]): readonly GroupName[] {
  const layers = imagesFor(instance, words).flatMap((image) => image.layers);
  return groupsFor(layers.flatMap((layer) => (layer.kind === 'files' ? (layer.programs ?? []) : [])));
}

/** The sizes in which an instance can be provisioned. */
export function sizesOf(instance: InstanceName): readonly ClusterSize[] {
  return MAKES[instance].sizes;
}
