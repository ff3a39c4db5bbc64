/** From recipes to stored layers and images: computes keys, builds missing layers, writes what the registry serves of an image. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ARCHIVES } from './debian/debian-archive.ts';
import { describeDebian, withDebianLayer } from './debian/debian.ts';
import { exec } from './exec.ts';
import type { FetchedLayer } from './fetched.ts';
import { blobPath, findLayer, storeLayer, tagPath, writeAtomically, type LayerStore } from './oci/layer.ts';
import { imageConfig, imageManifest, sha256, type Document, type Layer } from './oci/oci.ts';
import type { ImageRecipe, Inputs, LayerRecipe, TagRecipe } from './recipes.ts';
import { packEntries, type TarEntry } from './oci/tar.ts';

/** Part of every layer's key. Increase it when a change in this folder alters the bytes made from the same recipe. */
const FORMAT = 1;

export interface BuildContext {
  readonly store: LayerStore;
  readonly inputs: Inputs;
  readonly versions: ReadonlyMap<string, string>;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Digests of files seen in this build, so that a shared layer is read once. */
  readonly digests: Map<string, Promise<string>>;
}

/** An image whose layers are stored. */
export interface BuiltImage {
  readonly name: string;
  readonly tag: string;
  readonly layers: readonly Layer[];
  readonly config: Document;
  readonly manifest: Document;
}

const LARGE_BYTES = 1 << 20;

/** The digest of a file. For a large file it is cached by path, size and modification time, so that an unchanged file is not read again. */
async function fileDigest(path: string, context: BuildContext): Promise<string> {
  const { size, mtimeMs } = await stat(path).catch((cause: unknown) => {
    throw new Error(`an image needs ${path}, which does not exist; was it built?`, { cause });
  });
  if (size < LARGE_BYTES) return sha256(await readFile(path));
  const memo = join(
    context.store.root,
    'files',
    sha256(`${path}:${String(size)}:${String(mtimeMs)}`).slice(7),
  );
  const known = await readFile(memo, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal: context.signal });
  const digest = hash.digest('hex');
  await mkdir(join(context.store.root, 'files'), { recursive: true });
  await writeAtomically(memo, digest);
  return digest;
}

function rememberedDigest(path: string, context: BuildContext): Promise<string> {
  const digest = context.digests.get(path) ?? fileDigest(path, context);
  context.digests.set(path, digest);
  return digest;
}

async function describeEntry(entry: TarEntry, context: BuildContext): Promise<unknown> {
  if (!('file' in entry)) return entry;
  return { path: entry.path, mode: entry.mode, digest: await rememberedDigest(entry.file, context) };
}

const PAUSE_SOURCE = join(import.meta.dirname, 'pause.c');

async function describeLayer(recipe: LayerRecipe, context: BuildContext): Promise<unknown> {
  if (recipe.kind === 'debian') return describeDebian(recipe.recipe);
  if (recipe.kind === 'pause') return await readFile(PAUSE_SOURCE, 'utf8');
  if (recipe.kind === 'fetched') return await recipe.describe();
  const entries = await recipe.entries(context.inputs);
  return await Promise.all(entries.map((entry) => describeEntry(entry, context)));
}

function nameOf(recipe: LayerRecipe): string {
  if (recipe.kind === 'debian') return recipe.recipe.name;
  return recipe.kind === 'pause' ? 'pause' : recipe.name;
}

/** The key of a layer in the store. @param description everything that its content depends on */
export function layerKey(description: unknown): string {
  return sha256(JSON.stringify({ format: FORMAT, arch: process.arch, layer: description })).slice(7, 39);
}

/** Whether the store has every layer of Debian packages of these images. */
export async function hasDebianLayers(recipes: readonly ImageRecipe[], store: LayerStore): Promise<boolean> {
  for (const layer of recipes.flatMap(({ layers }) => layers)) {
    if (layer.kind !== 'debian') continue;
    if ((await findLayer(store, layerKey(describeDebian(layer.recipe)))) === undefined) return false;
  }
  return true;
}

/** The stored layer of a recipe; built first if it is not in the store. */
async function ensureLayer(recipe: LayerRecipe, context: BuildContext): Promise<Layer> {
  const key = layerKey(await describeLayer(recipe, context));
  const found = await findLayer(context.store, key);
  if (found !== undefined) return found;
  context.onProgress(`layer ${nameOf(recipe)}`);
  return await buildLayer(recipe, key, context);
}

async function buildLayer(recipe: LayerRecipe, key: string, context: BuildContext): Promise<Layer> {
  const { store, signal } = context;
  if (recipe.kind === 'pause') return await buildPause(key, context);
  if (recipe.kind === 'fetched') return await buildFetched(recipe, key, context);
  if (recipe.kind === 'files') {
    const tar = packEntries(await recipe.entries(context.inputs));
    return await storeLayer(store, key, recipe.name, { tar, signal });
  }
  const folders = { debsDir: join(store.root, ARCHIVES), tempDir: join(store.root, 'tmp'), signal };
  return await withDebianLayer(recipe.recipe, folders, (tar) =>
    storeLayer(store, key, recipe.recipe.name, { tar, signal }),
  );
}

/** Builds a layer of fetched files. These stay in the cache; the temporary folder is removed. */
async function buildFetched(recipe: FetchedLayer, key: string, context: BuildContext): Promise<Layer> {
  const { store, signal } = context;
  await mkdir(join(store.root, 'tmp'), { recursive: true });
  const tempDir = await mkdtemp(join(store.root, 'tmp', 'fetched-'));
  try {
    const entries = await recipe.entries({ fetchedDir: join(store.root, 'fetched'), tempDir, signal });
    return await storeLayer(store, key, recipe.name, { tar: packEntries(entries), signal });
  } finally {
    await rm(tempDir, { recursive: true, force: true });
  }
}

async function buildPause(key: string, context: BuildContext): Promise<Layer> {
  await mkdir(join(context.store.root, 'tmp'), { recursive: true });
  const folder = await mkdtemp(join(context.store.root, 'tmp', 'pause-'));
  try {
    const program = join(folder, 'pause');
    await exec('gcc', ['-Os', '-static', '-s', '-Wall', '-Werror', '-o', program, PAUSE_SOURCE], {
      signal: context.signal,
    });
    const tar = packEntries([{ path: 'pause', file: program, mode: 0o755 }]);
    return await storeLayer(context.store, key, 'pause', { tar, signal: context.signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The tag of an image. If other programs expect a certain version as the tag (kubeadm does), the tag is the version alone. Otherwise the
 * manifest's digest is appended, so that one tag never names two images.
 */
export function tagOf(
  recipe: TagRecipe,
  manifestDigest: string,
  versions: ReadonlyMap<string, string>,
): string {
  if ('fixed' in recipe) return recipe.fixed;
  if ('version' in recipe) return `${recipe.version}-${manifestDigest.slice(7, 17)}`;
  const version = versions.get(recipe.module);
  if (version === undefined)
    throw new Error(`no go.mod of the toolchain requires ${recipe.module}, so its image has no version`);
  return version;
}

/** Builds the layers that are missing and writes the image's documents. */
export async function buildImage(recipe: ImageRecipe, context: BuildContext): Promise<BuiltImage> {
  const layers: Layer[] = [];
  for (const layer of recipe.layers) layers.push(await ensureLayer(layer, context));
  const config = imageConfig(layers, recipe.run);
  const manifest = imageManifest(config.descriptor, layers);
  return {
    name: recipe.name,
    tag: tagOf(recipe.tag, manifest.descriptor.digest, context.versions),
    layers,
    config,
    manifest,
  };
}

/** Stores the documents of an image beside its layers, and its tag last: from then on the registry serves it. */
export async function publishImage(image: BuiltImage, store: LayerStore): Promise<void> {
  for (const { bytes, descriptor } of [image.config, image.manifest])
    await writeAtomically(blobPath(store, descriptor.digest), bytes);
  const tag = tagPath(store, image.name, image.tag);
  await mkdir(dirname(tag), { recursive: true });
  await writeAtomically(tag, image.manifest.descriptor.digest);
}
