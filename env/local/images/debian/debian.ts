/**
 * Root file systems from Debian packages, unpacked straight from the archives: only the named packages, no maintainer
 * scripts, no package manager. A recipe's `finish` does what is needed of the scripts' work.
 * The result is built about ten times faster than a bootstrapped system and is several times smaller.
 */
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { aptWords, archiveSource, RELEASE } from './debian-archive.ts';
import type { ArchiveSource } from './debian-archive.ts';
import { exec, execPipe } from '../exec.ts';
import { packDifference, snapshot, type TarStream } from '../oci/tar.ts';

/** A set of packages, as a layer over those of its parent. */
export interface DebianRecipe {
  readonly name: string;
  readonly parent?: DebianRecipe;
  readonly packages: readonly string[];
  /** Patterns of paths (as GNU tar matches them, `*` crosses folders) that are not unpacked. */
  readonly exclude: readonly string[];
  /** Part of the layer's key. Increase it when `finish` changes, because a function has no digest. */
  readonly finishVersion: number;
  /** Works on the unpacked tree; may `chroot` into it. */
  readonly finish?: (root: string, signal?: AbortSignal) => Promise<void>;
}

/** Folders for the package archives and for the trees that are built from them. */
export interface DebianContext {
  readonly debsDir: string;
  readonly tempDir: string;
  /** Default: the source for this machine. */
  readonly source?: ArchiveSource | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Never needed in a container: documentation, translations, packaging data. */
const NEVER = [
  './usr/share/doc*',
  './usr/share/man/*',
  './usr/share/info/*',
  './usr/share/locale/*',
  './usr/share/lintian*',
  './usr/share/bug*',
  './usr/share/bash-completion*',
  './usr/share/apport*',
  './usr/share/doc-base*',
  './etc/init.d*',
  './etc/cron*',
  './etc/logrotate.d*',
  './lib/systemd*',
  './usr/lib/systemd*',
];

/** In Debian's merged /usr these names are links. A layer that contained them as folders would replace the links. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

/** The part of a recipe that decides its content, for a cache key. */
export function describeDebian(recipe: DebianRecipe): unknown {
  return {
    release: RELEASE,
    packages: recipe.packages,
    exclude: [...NEVER, ...recipe.exclude],
    finishVersion: recipe.finishVersion,
    parent: recipe.parent === undefined ? null : describeDebian(recipe.parent),
  };
}

/**
 * Downloads the archives that are missing.
 * @throws when a package is not available even after the lists were refreshed once
 */
export async function fetchPackages(packages: readonly string[], context: DebianContext): Promise<string[]> {
  await mkdir(context.debsDir, { recursive: true });
  const missing = await missingPackages(packages, context.debsDir);
  if (missing.length > 0) await download(missing, context);
  const files = await readdir(context.debsDir);
  return packages.map((name) => {
    const file = files.find((candidate) => isArchiveOf(candidate, name));
    if (file === undefined)
      throw new Error(
        `apt-get download reported success but left no archive of ${name} in ${context.debsDir}`,
      );
    return join(context.debsDir, file);
  });
}

/** Archive names are `package_version_architecture.deb`. */
export function isArchiveOf(file: string, packageName: string): boolean {
  return file.startsWith(`${packageName}_`) && file.endsWith('.deb');
}

async function missingPackages(packages: readonly string[], debsDir: string): Promise<string[]> {
  const files = await readdir(debsDir);
  return packages.filter((name) => !files.some((file) => isArchiveOf(file, name)));
}

async function download(packages: readonly string[], context: DebianContext): Promise<void> {
  const staging = await mkdtemp(join(context.debsDir, 'partial-'));
  // Downloads run as root, because apt's sandbox user cannot write into the cache.
  const source = context.source ?? archiveSource();
  const words = [
    '-q',
    '-o',
    'APT::Sandbox::User=root',
    ...(await aptWords(`${context.debsDir}.apt`, source)),
  ];
  const fetch = (): Promise<string> =>
    exec('apt-get', [...words, 'download', ...packages], { cwd: staging, signal: context.signal });
  try {
    await fetch().catch(async () => {
      await exec('apt-get', [...words, 'update'], { signal: context.signal });
      return fetch();
    });
    for (const file of await readdir(staging)) await exec('mv', [join(staging, file), context.debsDir]);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function unpack(recipe: DebianRecipe, root: string, context: DebianContext): Promise<void> {
  const excludes = [...NEVER, ...recipe.exclude].map((pattern) => `--exclude=${pattern}`);
  for (const archive of await fetchPackages(recipe.packages, context)) {
    await execPipe(
      ['dpkg-deb', '--fsys-tarfile', archive],
      ['tar', '--extract', '--directory', root, '--keep-directory-symlink', '--wildcards', ...excludes],
      context.signal,
    );
  }
  await recipe.finish?.(root, context.signal);
}

async function layOut(recipe: DebianRecipe, root: string, context: DebianContext): Promise<void> {
  if (recipe.parent === undefined) {
    for (const name of MERGED) {
      await mkdir(join(root, 'usr', name), { recursive: true });
      await symlink(`usr/${name}`, join(root, name));
    }
  } else await layOut(recipe.parent, root, context);
  await unpack(recipe, root, context);
}

/**
 * Builds the recipe's tree and passes a tar of its difference to the parent's tree to `use`; then removes the tree.
 * @throws when a package is not available or a step of the recipe fails
 */
export async function withDebianLayer<T>(
  recipe: DebianRecipe,
  context: DebianContext,
  use: (tar: TarStream) => Promise<T>,
): Promise<T> {
  await mkdir(context.tempDir, { recursive: true });
  const root = await mkdtemp(join(context.tempDir, `${recipe.name}-`));
  try {
    let before: Awaited<ReturnType<typeof snapshot>> = new Map<string, string>();
    if (recipe.parent === undefined) await layOut(recipe, root, context);
    else {
      await layOut(recipe.parent, root, context);
      before = await snapshot(root);
      await unpack(recipe, root, context);
    }
    return await use(packDifference(root, before));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
