/**
 * Images of the embedded environment: built from the toolchain's programs and Debian packages, and kept in the cache, from which the
 * registry of each instance serves them.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../../../host/paths.ts';
import { REGISTRY_NAME } from '../nodes/files.ts';
import { buildImage, hasDebianLayers, publishImage, type BuildContext, type BuiltImage } from './build.ts';
import { ARCHIVES } from './debian/debian-archive.ts';
import { CHECKOUT, moduleVersions, type ImageRecipe } from './recipes.ts';

export interface ImageRef {
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
  /** `registry/name:tag`, for tools that construct references themselves. */
  readonly reference: string;
  /** `registry/name:tag@digest`, for manifests. */
  readonly pinned: string;
  readonly compressedBytes: number;
  readonly unpackedBytes: number;
}

/** The requested images, by name. */
export type ImageSet = Readonly<Record<string, ImageRef>>;

export interface ImageOptions {
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Folder of layers and archives; default: `PLUMBLINE_CACHE` or /var/cache/plumbline. */
  readonly cacheDir?: string;
}

/** The folder of the layer store. */
export function imageStore(options: Pick<ImageOptions, 'cacheDir'> = {}): string {
  return join(options.cacheDir ?? cacheDir(), 'images');
}

/** Folder of the Debian packages that images are made of. */
export function debianArchives(options: Pick<ImageOptions, 'cacheDir'> = {}): string {
  return join(imageStore(options), ARCHIVES);
}

/** Whether everything that these images have of Debian packages is built, so that no package is needed for them. */
export function debianBuilt(
  recipes: readonly ImageRecipe[],
  options: Pick<ImageOptions, 'cacheDir'> = {},
): Promise<boolean> {
  return hasDebianLayers(recipes, { root: imageStore(options) });
}

/** The image of that name. @throws Error if the set has none */
export function imageOf(images: ImageSet, name: string): ImageRef {
  const image = images[name];
  if (image === undefined)
    throw new Error(`image ${name} is not in the set of built images (${Object.keys(images).join(', ')})`);
  return image;
}

/**
 * Makes sure that the layer store holds the images.
 * @param toolchainBin folder of the compiled programs, by their names
 * @throws when a program or package is missing, or the signal aborts
 */
export async function ensureImages(
  toolchainBin: string,
  recipes: readonly ImageRecipe[],
  options: ImageOptions = {},
): Promise<ImageSet> {
  const root = imageStore(options);
  const context: BuildContext = {
    store: { root },
    inputs: { toolchainBin, checkout: CHECKOUT },
    versions: await moduleVersions(join(CHECKOUT, 'env/local/toolchain')),
    onProgress: options.onProgress ?? (() => undefined),
    signal: options.signal,
    digests: new Map(),
  };
  await removeLeftovers(join(root, 'tmp'));
  const built: BuiltImage[] = [];
  for (const recipe of recipes) {
    const image = await buildImage(recipe, context);
    await publishImage(image, context.store);
    built.push(image);
  }
  return Object.fromEntries(built.map((image) => [image.name, refOf(image)]));
}

const LEFTOVER_AGE_MS = 3_600_000; // no build takes an hour, so an older folder is not in use

/** Removes the working folders of builds that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    // ctime, not mtime: unpacking an archive sets mtime to the time in the archive.
    const { ctimeMs } = await stat(path).catch(() => ({ ctimeMs: Date.now() }));
    if (Date.now() - ctimeMs > LEFTOVER_AGE_MS) await rm(path, { recursive: true, force: true });
  }
}

function refOf(image: BuiltImage): ImageRef {
  const { digest } = image.manifest.descriptor;
  const reference = `${REGISTRY_NAME}/${image.name}:${image.tag}`;
  const total = (pick: (layer: BuiltImage['layers'][number]) => number): number =>
    image.layers.reduce((sum, layer) => sum + pick(layer), 0);
  return {
    name: image.name,
    tag: image.tag,
    digest,
    reference,
    pinned: `${reference}@${digest}`,
    compressedBytes: total((layer) => layer.sizeBytes),
    unpackedBytes: total((layer) => layer.unpackedBytes),
  };
}
