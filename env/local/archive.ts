/**
 * The compiled programs and the images of the embedded environment as one file, so that only one machine of a team compiles: a tar of
 * these folders of the cache, compressed with zstd. The sources that they were built from are left out.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { CommandError, EXIT } from '../../host/errors.ts';
import { withLock } from '../../host/lock.ts';
import { cacheDir } from '../../host/paths.ts';
import { toolsFor } from './platform/index.ts';
import { MADE_BY, madeBy, toolchainKey, toolsBuilt, toolsDir } from './toolchain/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** What of the images provisioning reads. */
const IMAGES = ['blobs', 'files', 'layers', 'tags'].map((name) => `images/${name}`);
/** A fast level, because most of the content is compressed already. */
const ZSTD_LEVEL = 3;
/** Another process may hold the cache while it builds everything. */
const LOCK_DEADLINE_MS = 75 * 60_000;

export interface Archive {
  /** Digest of the whole file, to be checked when it is unpacked. */
  sha256: string;
  bytes: number;
}

interface ArchiveOptions {
  signal?: AbortSignal | undefined;
}

/**
 * Packs the programs and images that are in the cache.
 * @throws CommandError if nothing is built yet, or the file exists already or cannot be written
 */
export async function packArchive(file: string, { signal }: ArchiveOptions = {}): Promise<Archive> {
  if (existsSync(file)) throw refused(`${file} exists already: remove it, or name another file`);
  const least = toolsFor('local', []);
  if (!(await toolsBuilt(least, signal)))
    throw refused(
      'there is nothing to pack yet: first provision an environment with everything that the archive should hold (plumbline env up --env local --with all)',
    );
  const programs = await toolsDir(least, signal);
  await madeBy(programs, signal); // written where it is missing: an archive is known by it
  const partial = `${file}.partial`;
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
  return withCache(signal, async () => {
    const folders = [`toolchain/${basename(programs)}`, ...IMAGES];
    const there = folders.filter((folder) => existsSync(join(cacheDir(), folder)));
    try {
      await withTar(['--create', '-C', cacheDir(), ...there], ({ stdout }) =>
        pipeline(stdout, compress, createWriteStream(partial, { flush: true }), { signal }),
      );
      renameSync(partial, file);
    } catch (error) {
      rmSync(partial, { force: true });
      signal?.throwIfAborted();
      throw refused(`${file} cannot be written: ${errorText(error)}`, error);
    }
    return archiveAt(file, signal);
  });
}

/**
 * Puts the programs and images of an archive into the cache; files that exist there stay. Nothing is placed before the whole archive was read.
 * @param expected digest of the whole file, as `pack` printed it; undefined: not compared
 * @throws CommandError for a file that is not such an archive, was built from other sources than this checkout's, or has another digest
 */
export async function unpackArchive(
  file: string,
  expected: string | undefined,
  { signal }: ArchiveOptions = {},
): Promise<Archive> {
  if (!existsSync(file)) throw refused(`${file} does not exist`);
  const archive = await archiveAt(file, signal);
  if (expected !== undefined && archive.sha256 !== expected.toLowerCase())
    throw refused(`${file} has the digest ${archive.sha256}, expected ${expected}`);
  const staging = join(cacheDir(), 'unpacking');
  await withCache(signal, async () => {
    rmSync(staging, { recursive: true, force: true }); // of a process that was killed
    mkdirSync(staging);
    try {
      // --ignore-zeros makes tar read to the end of its input, also what is padding: otherwise it may exit while it is still written to.
      await withTar(['--extract', '-C', staging, '--ignore-zeros', '--no-same-owner'], ({ stdin }) =>
        pipeline(createReadStream(file), createZstdDecompress(), stdin, { signal }),
      ).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw refused(`${file} cannot be unpacked: ${errorText(error)}`, error);
      });
      for (const folder of [programsIn(staging, file), ...IMAGES]) placeFiles(staging, folder);
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  });
  return archive;
}

/** The folder of the programs. @throws CommandError if there is none, or not one of this checkout's sources */
function programsIn(staging: string, file: string): string {
  const folder = join(staging, 'toolchain');
  const key = existsSync(folder) ? readdirSync(folder)[0] : undefined;
  const made = join(folder, key ?? '', MADE_BY);
  if (key === undefined || !existsSync(made))
    throw refused(`${file} is not an archive that \`plumbline toolchain pack\` wrote`);
  if (toolchainKey(readFileSync(made, 'utf8').trim()) !== key)
    throw refused(
      `${file} holds programs of other versions than this checkout builds: pack again with this version of Plumbline`,
    );
  return `toolchain/${key}`;
}

/** Moves the files of a folder into the cache. Each has its name there only once it is whole. */
function placeFiles(staging: string, folder: string): void {
  const from = join(staging, folder);
  if (!existsSync(from)) return;
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    const to = join(cacheDir(), folder, name);
    if (lstatSync(join(from, name)).isDirectory() || existsSync(to)) continue;
    mkdirSync(dirname(to), { recursive: true });
    renameSync(join(from, name), to);
  }
}

function withCache<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  mkdirSync(cacheDir(), { recursive: true });
  const lock = (name: string, inside: () => Promise<T>): Promise<T> =>
    withLock(join(cacheDir(), name), { deadlineMs: LOCK_DEADLINE_MS, signal }, inside);
  return lock('toolchain.lock', () => lock('images.lock', work));
}

async function archiveAt(file: string, signal: AbortSignal | undefined): Promise<Archive> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash, { signal });
  return { sha256: hash.digest('hex'), bytes: statSync(file).size };
}

/** Runs tar beside the stream that it feeds or is fed by, both to their end. */
async function withTar(
  words: readonly string[],
  stream: (tar: ChildProcessByStdio<Writable, Readable, null>) => Promise<void>,
): Promise<void> {
  const tar = spawn('tar', words, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(tar, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`tar ended with ${String(code ?? 'a signal')}`);
  });
  for (const one of await Promise.allSettled([stream(tar), ended]))
    if (one.status === 'rejected') throw one.reason;
}

function refused(message: string, cause?: unknown): CommandError {
  return new CommandError(message, EXIT.usage, { cause });
}
