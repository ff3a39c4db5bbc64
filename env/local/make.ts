/** Makes the programs and images that an environment consists of; what the cache holds is made already. */
import { join } from 'node:path';
import type { Target } from './context.ts';
import { clusterImages, ensureImages, imagesFor } from './images/index.ts';
import { withLock } from '../../host/lock.ts';
import { cacheDir } from '../../host/paths.ts';
import { buildTools, CLUSTER_GROUPS, groupsFor } from './toolchain/index.ts';
import type { GroupName } from './toolchain/index.ts';

/** How long another process may build images; from an empty cache it takes a minute or two. */
const IMAGES_LOCK_DEADLINE_MS = 15 * 60_000;

/** What is to be provisioned, before anything of it is made. */
export type Asked = Omit<Target, 'binDir' | 'images' | 'say'>;

/** Takes what is being done, and how much of it is done if that is known. */
export type Tell = (message: string, fraction?: number | null) => void;

/** What of an environment is made. */
export type Part = {
  readonly groups: readonly GroupName[];
  /** All that are made in the end: they lie in one folder. */
  readonly beside: readonly GroupName[];
  readonly images: readonly string[];
};

/** The cluster alone. */
export const clusterOf = (words: readonly string[]): Part => ({
  groups: CLUSTER_GROUPS,
  beside: groupsFor(words),
  images: clusterImages(),
});

/** A cluster and its platform with these words of `--with`. */
export const whole = (words: readonly string[]): Part => ({
  groups: groupsFor(words),
  beside: groupsFor(words),
  images: imagesFor(words),
});

export type MakeOptions = {
  readonly tell: Tell;
  /** Called between the programs and the images. */
  readonly onImages?: () => void;
  /** What is compiled takes only what nobody else wants of the cores. */
  readonly inBackground?: boolean;
};

/**
 * Makes what is missing of it, one process at a time: all share one cache.
 * @throws Error of what could not be made; what was made until then is kept
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
    ensureImages(binDir, { only: part.images, onProgress: tell, signal }),
  );
  return { ...asked, binDir, images, say: tell };
}

/** The whole of an environment, made in the background while its cluster is being provisioned. */
export class Rest {
  readonly #end = new AbortController();
  readonly #made: Promise<Target>;
  #tell: Tell = () => undefined;

  /** @param how another way to make it, in tests */
  constructor(asked: Asked, how: typeof make = make) {
    const { signal } = this.#end;
    const bounded = asked.signal === undefined ? signal : AbortSignal.any([asked.signal, signal]);
    const tell: Tell = (message, fraction) => this.#tell(message, fraction);
    this.#made = how({ ...asked, signal: bounded }, whole(asked.with), { tell, inBackground: true });
    this.#made.catch(() => undefined);
  }

  /** Waits for it, and tells of it from now on. */
  made(tell: Tell): Promise<Target> {
    this.#tell = tell;
    return this.#made;
  }

  /** Nobody needs it any more. */
  async abandon(): Promise<void> {
    this.#end.abort(new Error('the cluster could not be provisioned'));
    await this.#made.catch(() => undefined);
  }
}
