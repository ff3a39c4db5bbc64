/** Stores in a cluster that nobody has described yet, by the recognition of each: `recognise.ts` in its folder. */
import path from 'node:path';
import { z } from 'zod';
import { loadModule } from '../host/load-module.ts';
import { STORE_KINDS } from './declared-stores.ts';
import type { StoreKind } from './declared-stores.ts';
import { groupOf, imageName, serverIn } from './store/recognising.ts';
import type { SeenSet, SeenStore, StoreRecognition } from './store/recognising.ts';
import type { ServiceObject } from './kubernetes/objects.ts';

/** Each declared store has one. @throws Error with its path, for one that is not there or has another name than its folder */
export const RECOGNITIONS: readonly (StoreRecognition & Pick<StoreKind, 'label' | 'dataFolders'>)[] =
  await Promise.all(
    STORE_KINDS.map(async ({ name, label, dataFolders }) => {
      const one = z.custom<StoreRecognition>(
        (value) => z.object({ name: z.literal(name), port: z.number() }).safeParse(value).success,
      );
      const file = path.join(import.meta.dirname, name, 'recognise.ts');
      const { recognition } = await loadModule(file, z.object({ recognition: one }), '`recognition`');
      return { ...recognition, label, dataFolders };
    }),
  );

export type Recognition = (typeof RECOGNITIONS)[number];

/** One store of a cluster. */
export interface FoundStore extends SeenStore {
  recognition: Recognition;
}

/** Programs around a store whose images are named after it: they hold none of its data. */
const AROUND = /(exporter|operator|backup|proxy|init|metrics|console|dashboard|admin|ui)(-|$)/;

/** Every store that is recognised, of each kind the one with the most members first. */
export function recogniseStores(sets: readonly SeenSet[], services: readonly ServiceObject[]): FoundStore[] {
  return RECOGNITIONS.flatMap((recognition) => {
    const like = sets.filter((set) => isLike(set, recognition));
    const companions = like.filter((set) => recognition.companion?.(set) === true);
    const servers = like.filter((set) => !companions.includes(set));
    return [...Map.groupBy(servers, (set) => groupOf(set, recognition)).values()]
      .flatMap(([first, ...others]): FoundStore[] => {
        if (first === undefined) return [];
        const { namespace } = first;
        return [
          {
            recognition,
            sets: [first, ...others],
            companions: companions.filter((set) => set.namespace === namespace),
            services: services.filter(({ metadata }) => metadata.namespace === namespace),
          },
        ];
      })
      .toSorted((a, b) => membersOf(b) - membersOf(a));
  });
}

function membersOf({ sets }: FoundStore): number {
  return sets.reduce((sum, { replicas }) => sum + replicas, 0);
}

/** Servers and companions: by labels of an operator, by the image, or, of an image that no store claims, by the port. What runs on every node is no store. */
function isLike(set: SeenSet, recognition: Recognition): boolean {
  if (set.kind === 'DaemonSet') return false;
  if (recognition.server?.(set) === true) return true;
  // What a Deployment is for is its first container; a client of a store may have the programs of its image beside it.
  const named = set.kind === 'Deployment' ? set.containers.slice(0, 1) : set.containers;
  const names = named.map(({ image }) => imageName(image)).filter((name) => !AROUND.test(name));
  if (names.some((name) => recognition.image.test(name))) return true;
  const claimed = RECOGNITIONS.some(({ image }) => names.some((name) => image.test(name)));
  // A pooler or a proxy listens on the port as well: only what is set up as a store is taken for one by its port, for the first that has it.
  if (claimed || set.kind !== 'StatefulSet' || names.length === 0) return false;
  return RECOGNITIONS.find((one) => serverIn(set, one) !== undefined) === recognition;
}
