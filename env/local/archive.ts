/**
 * The compiled programs and the images of the embedded environment as one file, so that only one machine of a team compiles: a tar of
 * `manifest.json` and `blobs/SHA256`, compressed with zstd. Identical files are stored once, under their digest.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { CommandError, EXIT } from '../../host/errors.ts';
import { withLock } from '../../host/lock.ts';
import { cacheDir } from '../../host/paths.ts';
import { toolsFor } from './platform/index.ts';
import { linkNames, MADE_BY, madeBy, toolchainKey, toolsBuilt, toolsDir } from './toolchain/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

const FORMAT = 1;
/** Folders of the cache that provisioning reads. The sources that they were built from are left out. */
const PARTS = ['images/blobs', 'images/files', 'images/layers', 'images/tags'] as const;
/** Paths that a file of an archive may have in the cache. */
const ALLOWED = /^(?:toolchain\/[0-9a-f]{16}|images\/(?:blobs|files|layers|tags))\/[\w.+/-]+$/;
/** A fast level, because most of the content is compressed already. */
const ZSTD_LEVEL = 3;
/** Another process may hold the cache while it builds everything. */
const LOCK_DEADLINE_MS = 75 * 60_000;
const STAGING = 'archive-';

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** Name of the folder of the programs: the hash of their sources. */
  toolchain: z.string().regex(/^[0-9a-f]{16}$/),
  /** Version of Go that compiled them. */
  go: z.string(),
  files: z.array(
    z.strictObject({
      path: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      bytes: z.int().min(0),
      executable: z.boolean(),
    }),
  ),
});
type Manifest = z.infer<typeof manifestSchema>;

export interface Archive {
  /** Digest of the whole file, to be checked when it is unpacked. */
  sha256: string;
  bytes: number;
  files: number;
}

interface ArchiveOptions {
  signal?: AbortSignal | undefined;
}

/**
 * Packs the programs and images that are in the cache.
 * @throws CommandError if nothing is built yet, or the file exists already or cannot be written
 */
export async function packArchive(file: string, options: ArchiveOptions = {}): Promise<Archive> {
  if (existsSync(file))
    throw new CommandError(`${file} exists already: remove it, or name another file`, EXIT.usage);
  const least = toolsFor('local', []);
  if (!(await toolsBuilt(least, options.signal)))
    throw new CommandError(
      'there is nothing to pack yet: first provision an environment with everything that the archive should hold (plumbline env up --env local --with all)',
      EXIT.usage,
    );
  const toolsFolder = await toolsDir(least, options.signal);
  return withCache(options, (staging) => pack(file, { toolsFolder, staging, ...options }));
}

async function pack(
  file: string,
  { toolsFolder, staging, signal }: ArchiveOptions & { toolsFolder: string; staging: string },
): Promise<Archive> {
  const key = basename(toolsFolder);
  const go = await madeBy(toolsFolder, signal);
  const folders = [`toolchain/${key}`, ...PARTS];
  const names = folders.flatMap((folder) => filesBelow(folder));
  const files: Manifest['files'] = [];
  mkdirSync(join(staging, 'blobs'));
  for (const name of names) {
    signal?.throwIfAborted();
    const from = join(cacheDir(), name);
    const { size, mode } = statSync(from);
    const sha256 = await digestOf(from, signal);
    const blob = join(staging, 'blobs', sha256);
    if (!existsSync(blob)) linkSync(from, blob);
    files.push({ path: name, sha256, bytes: size, executable: (mode & 0o100) !== 0 });
  }
  const manifest: Manifest = { format: FORMAT, toolchain: key, go, files };
  writeFileSync(join(staging, 'manifest.json'), JSON.stringify(manifest));
  const partial = `${file}.partial`;
  try {
    const written = await compressed(staging, partial, signal);
    renameSync(partial, file);
    return { ...written, files: files.length };
  } catch (error) {
    rmSync(partial, { force: true });
    throw asCommandError(error, `${file} cannot be written`);
  }
}

async function compressed(
  staging: string,
  file: string,
  signal: AbortSignal | undefined,
): Promise<{ sha256: string; bytes: number }> {
  // The manifest comes first, so that a reader has the list of files before their contents.
  const tar = spawn('tar', ['-cf', '-', '-C', staging, 'manifest.json', 'blobs'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [hash, measured] = [createHash('sha256'), new PassThrough()];
  let bytes = 0;
  measured.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
  await together(
    tar,
    pipeline(tar.stdout, zstd, measured, createWriteStream(file, { flush: true }), { signal }),
  );
  return { sha256: hash.digest('hex'), bytes };
}

/**
 * Puts the programs and images of an archive into the cache; files that exist there stay. Nothing is placed before the whole archive was
 * read and every digest verified.
 * @param expected digest of the whole file, as `pack` printed it; undefined: not compared
 * @throws CommandError for a file that is not such an archive, was built from other sources than this checkout's, or has another digest
 */
export async function unpackArchive(
  file: string,
  expected: string | undefined,
  options: ArchiveOptions = {},
): Promise<Archive> {
  if (!existsSync(file)) throw new CommandError(`${file} does not exist`, EXIT.usage);
  return withCache(options, (staging) => unpack(file, expected, { staging, ...options }));
}

async function unpack(
  file: string,
  expected: string | undefined,
  { staging, signal }: ArchiveOptions & { staging: string },
): Promise<Archive> {
  const sha256 = await digestOf(file, signal);
  if (expected !== undefined && sha256 !== expected.toLowerCase())
    throw new CommandError(`${file} has the digest ${sha256}, expected ${expected}`, EXIT.usage);
  try {
    // --ignore-zeros makes tar read to the end of its input. Without it tar may exit while we still write, which looks like a truncated
    // archive.
    const words = ['--ignore-zeros', '--no-same-owner', '--no-same-permissions'];
    const tar = spawn('tar', ['-xf', '-', '-C', staging, ...words], { stdio: ['pipe', 'ignore', 'ignore'] });
    await together(tar, pipeline(createReadStream(file), createZstdDecompress(), tar.stdin, { signal }));
  } catch (error) {
    signal?.throwIfAborted();
    throw asCommandError(error, `${file} cannot be unpacked`);
  }
  const manifest = manifestIn(staging, file);
  await checkBlobs(staging, manifest, { file, signal });
  placeFiles(staging, manifest);
  return { sha256, bytes: statSync(file).size, files: manifest.files.length };
}

function manifestIn(staging: string, file: string): Manifest {
  const path = join(staging, 'manifest.json');
  const text = isFile(path) ? readFileSync(path, 'utf8') : '';
  const found = manifestSchema.safeParse(parsed(text));
  if (!found.success)
    throw new CommandError(`${file} is not an archive that \`plumbline toolchain pack\` wrote`, EXIT.usage);
  const manifest = found.data;
  const stray = manifest.files.find(
    ({ path: name }) => !ALLOWED.test(name) || name.split('/').includes('..'),
  );
  if (stray !== undefined)
    throw new CommandError(
      `${file} would write to ${stray.path}, which is outside the folders of an archive`,
      EXIT.usage,
    );
  if (toolchainKey(manifest.go) !== manifest.toolchain)
    throw new CommandError(
      `${file} holds programs of other versions than this checkout builds: pack again with this version of Plumbline`,
      EXIT.usage,
    );
  return manifest;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function checkBlobs(
  staging: string,
  { files }: Manifest,
  { file, signal }: ArchiveOptions & { file: string },
): Promise<void> {
  const digests = [...new Set(files.map(({ sha256 }) => sha256))];
  for (const digest of digests) {
    const blob = join(staging, 'blobs', digest);
    if (!isFile(blob) || (await digestOf(blob, signal)) !== digest)
      throw new CommandError(`${file} is damaged: it lacks the blob ${digest}`, EXIT.usage);
  }
}

/** Places the completion marker of the programs last: a folder without it counts as incomplete. */
function placeFiles(staging: string, { files, toolchain }: Manifest): void {
  const last = `toolchain/${toolchain}/${MADE_BY}`;
  const inOrder = files.toSorted((a, b) => Number(a.path === last) - Number(b.path === last));
  for (const { path, sha256, executable } of inOrder) {
    const to = join(cacheDir(), path);
    if (existsSync(to)) continue;
    mkdirSync(dirname(to), { recursive: true });
    const scratch = `${to}.unpacking`;
    copyFileSync(join(staging, 'blobs', sha256), scratch);
    chmodSync(scratch, executable ? 0o755 : 0o644);
    renameSync(scratch, to);
  }
  linkNames(join(cacheDir(), 'toolchain', toolchain));
}

/** Runs the work with the cache locked and in a new staging folder there. Staging folders left by killed processes are removed. */
function withCache<T>({ signal }: ArchiveOptions, work: (staging: string) => Promise<T>): Promise<T> {
  mkdirSync(cacheDir(), { recursive: true });
  const lock = (name: string, inside: () => Promise<T>): Promise<T> =>
    withLock(join(cacheDir(), name), { deadlineMs: LOCK_DEADLINE_MS, signal }, inside);
  return lock('toolchain.lock', () =>
    lock('images.lock', async () => {
      for (const name of readdirSync(cacheDir()))
        if (name.startsWith(STAGING)) rmSync(join(cacheDir(), name), { recursive: true, force: true });
      const staging = mkdtempSync(join(cacheDir(), STAGING));
      try {
        return await work(staging);
      } finally {
        rmSync(staging, { recursive: true, force: true });
      }
    }),
  );
}

/** Regular files below a folder of the cache, as paths relative to the cache. */
function filesBelow(folder: string): string[] {
  const path = join(cacheDir(), folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(name);
      return entry.isFile() && ALLOWED.test(name) ? [name] : [];
    });
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function digestOf(file: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest('hex');
}

/** Waits until both have succeeded. If one fails, the other is ended too. */
async function together(tar: ChildProcess, stream: Promise<void>): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`tar ended with ${code ?? 'a signal'}`));
    });
  });
  const [streamed, closed] = await Promise.allSettled([
    stream.catch((error: unknown) => {
      tar.kill('SIGKILL');
      throw error;
    }),
    ended,
  ]);
  for (const one of [streamed, closed]) if (one.status === 'rejected') throw one.reason;
}

function asCommandError(error: unknown, what: string): CommandError {
  const message = errorText(error);
  return new CommandError(`${what}: ${message}`, EXIT.usage, { cause: error });
}
