/**
 * Writes the tar of a layer: from a list of entries, or from what was added to a folder since a snapshot of it.
 * Order, owner and time are fixed, so that the same content has the same digest.
 */
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack, type Header as FullHeader, type Pack } from 'tar-stream';
import { asError } from '../../../../reports/record/error-text.ts';

/** One path in a layer. Paths are relative, with `/`, without a leading one. */
export type TarEntry =
  | { readonly path: string; readonly dir: true; readonly mode?: number; readonly uid?: number }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly text: string; readonly mode?: number; readonly uid?: number }
  | { readonly path: string; readonly file: string; readonly mode?: number };

type Header = Partial<FullHeader> & { readonly name: string };

/** The bytes of a tar, while it is being written. */
export type TarStream = AsyncIterable<Buffer>;

const FIXED_TIME = new Date(0);

function header(entry: TarEntry): Header {
  const common = { name: entry.path, mtime: FIXED_TIME, gid: 'uid' in entry ? (entry.uid ?? 0) : 0 };
  const uid = 'uid' in entry ? (entry.uid ?? 0) : 0;
  if ('dir' in entry) return { ...common, uid, type: 'directory', mode: entry.mode ?? 0o755 };
  if ('link' in entry) return { ...common, uid, type: 'symlink', linkname: entry.link, mode: 0o777 };
  return { ...common, uid, type: 'file', mode: entry.mode ?? 0o644 };
}

/** Adds an entry without content, or with content from memory. Resolves when the reader has taken it. */
async function addSmall(tar: Pack, headers: Header, body?: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    tar.entry(headers, body ?? '', (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function addFile(tar: Pack, headers: Header, path: string): Promise<void> {
  const { size } = await lstat(path);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), tar.entry({ ...headers, size }));
}

async function addEntry(tar: Pack, entry: TarEntry): Promise<void> {
  if ('file' in entry) await addFile(tar, header(entry), entry.file);
  else await addSmall(tar, header(entry), 'text' in entry ? entry.text : undefined);
}

function start(fill: (tar: Pack) => Promise<void>): TarStream {
  const tar = pack();
  fill(tar).then(
    () => {
      tar.finalize();
    },
    (error: unknown) => {
      tar.destroy(asError(error));
    },
  );
  return tar as unknown as TarStream; // it is an async iterable, but its type declarations do not say so
}

/** A tar of the given entries, in their order. Missing source files end the stream with their error. */
export function packEntries(entries: readonly TarEntry[]): TarStream {
  return start(async (tar) => {
    for (const entry of entries) await addEntry(tar, entry);
  });
}

/** A fingerprint of every path in a folder, to detect added or changed paths. */
export type Snapshot = ReadonlyMap<string, string>;

/** Paths below `root`, sorted, each folder before its content. Symbolic links are listed but not followed. */
export async function listTree(root: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(root, prefix), { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    paths.push(path);
    if (entry.isDirectory()) paths.push(...(await listTree(root, path)));
  }
  return paths;
}

/** Records kind, size, mode, owner and time of every path below `root`. */
export async function snapshot(root: string): Promise<Snapshot> {
  const result = new Map<string, string>();
  for (const path of await listTree(root)) result.set(path, await fingerprint(join(root, path)));
  return result;
}

async function fingerprint(path: string): Promise<string> {
  const info = await lstat(path);
  const content = info.isDirectory() ? '' : `${String(info.size)}:${String(info.mtimeMs)}`;
  return `${String(info.mode)}:${String(info.uid)}:${String(info.gid)}:${content}`;
}

/** A tar of what is new or changed below `root` since the snapshot. Deletions are not recorded, because the layers here only add. */
export function packDifference(root: string, before: Snapshot): TarStream {
  return start(async (tar) => {
    for (const path of await listTree(root)) {
      if (before.get(path) !== (await fingerprint(join(root, path)))) await addFromDisk(tar, root, path);
    }
  });
}

async function addFromDisk(tar: Pack, root: string, path: string): Promise<void> {
  const full = join(root, path);
  const info = await lstat(full);
  const headers = { name: path, mode: info.mode & 0o7777, uid: info.uid, gid: info.gid, mtime: FIXED_TIME };
  if (info.isDirectory()) await addSmall(tar, { ...headers, type: 'directory' });
  else if (info.isSymbolicLink())
    await addSmall(tar, { ...headers, type: 'symlink', linkname: await readlink(full) });
  else if (info.isFile()) await addFile(tar, { ...headers, type: 'file' }, full);
  // Sockets and devices are left out.
}
