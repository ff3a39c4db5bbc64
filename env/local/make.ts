/** Builds the programs and images of an environment, except those that are in the cache already. */
import { join } from 'node:path';
import type { Target } from './context.ts';
import { ensureImages } from './images/index.ts';
import { CLUSTER_IMAGES } from './images/recipes.ts';
import type { ImageRecipe } from './images/recipes.ts';
import { withLock } from '../../host/lock.ts';
import { cacheDir } from '../../host/paths.ts';
import { imagesFor, toolsFor } from './platform/index.ts';
import { buildTools, CLUSTER_GROUPS } from './toolchain/index.ts';
import type { GroupName } from './toolchain/index.ts';

/** How long to wait for another process that builds images. From an empty cache that takes a minute or two. */
const IMAGES_LOCK_DEADLINE_MS = 15 * 60_000;

/** The environment to provision, before its programs and images are built. */
export type Asked = Omit<Target, 'binDir' | 'images' | 'say'>;

/** Receives the present activity, and the fraction of it that is done, if known. */
export type Tell = (message: string, fraction?: number | null) => void;

/** The part of an environment to build. */
export type Part = {
  readonly groups: readonly GroupName[];
  /** All groups that will be built in the end: their common folder is named after them. */
  readonly beside: readonly GroupName[];
  readonly images: readonly ImageRecipe[];
};

type Wanted = Pick<Asked, 'instance' | 'with'>;

/** Only the cluster. */
export const clusterOf = ({ instance, with: words }: Wanted): Part => ({
  groups: CLUSTER_GROUPS,
  beside: toolsFor(instance, words),
  images: CLUSTER_IMAGES,
});

/** The cluster and its platform with these components (`--with`). */
export function whole({ instance, with: words }: Wanted): Part {
  const groups = toolsFor(instance, words);
  return { groups, beside: groups, images: imagesFor(instance, words) };
}

export type MakeOptions = {
  readonly tell: Tell;
  /** Called between the programs and the images. */
  readonly onImages?: () => void;
  /** Compile at the lowest priority: only with CPU time that nothing else needs. */
  readonly inBackground?: boolean;
};

/**
 * Builds the missing programs and images, one process at a time, because all share one cache.
 * @throws Error that says what could not be built; what was built until then is kept
 */
export async function make(asked: Asked, part: Part, options: MakeOptions): Promise<Target> {
  const { tell, onImages, inBackground = false } = options;
  const { signal } = asked;
  const binDir = await buildTools(part.groups, {
    signal,
    inBackground,
    beside: part.beside,
    onProgress: ({ group, done, of }) =>
      tell(`compiling ${group}: ${done} of ${of} packages`, group === 'cluster' && of > 0 ? done / of : null),
  });
  onImages?.();
  const lock = join(cacheDir(), 'images.lock');
  const images = await withLock(lock, { deadlineMs: IMAGES_LOCK_DEADLINE_MS, signal }, () =>
    ensureImages(binDir, part.images, { onProgress: tell, signal }),
  );
  return { ...asked, binDir, images, say: tell };
}

/** Builds the whole of an environment in the background while its cluster is being provisioned. */
export class Rest {
  readonly #end = new AbortController();
  readonly #made: Promise<Target>;
  #tell: Tell = () => undefined;

  /** @param how replaces `make` in tests */
  constructor(asked: Asked, how: typeof make = make) {
    const { signal } = this.#end;
    const bounded = asked.signal === undefined ? signal : AbortSignal.any([asked.signal, signal]);
    const tell: Tell = (message, fraction) => this.#tell(message, fraction);
    this.#made = how({ ...asked, signal: bounded }, whole(asked), { tell, inBackground: true });
    this.#made.catch(() => undefined);
  }

  /** Waits until everything is built, and from now on reports the progress. */
  made(tell: Tell): Promise<Target> {
    this.#tell = tell;
    return this.#made;
  }

  /** Cancels the build: its cluster could not be provisioned. */
  async abandon(): Promise<void> {
    this.#end.abort(new Error('the cluster could not be provisioned'));
    await this.#made.catch(() => undefined);
  }
}
