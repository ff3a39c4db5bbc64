/** The log files of the node, and how far each has been shipped. */
import { fstatSync, readdirSync, statSync } from 'node:fs';
import { open, readFile, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { sourceOf, type Source } from './record.ts';
import { headOf } from './tail.ts';

/** A log file that is followed. It stays open, so that it can be read to its end after it is renamed or removed. */
export interface Followed {
  readonly source: Source;
  readonly file: FileHandle;
  /** Identifies the file after a restart of the shipper. */
  readonly key: string;
  /** The store has acknowledged all lines before this offset. */
  offset: number;
  /** The file is in no folder any more. */
  gone: boolean;
}

/** Present size, bytes. */
export function sizeOf({ file }: Followed): number {
  return fstatSync(file.fd).size;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it was removed, or is not a folder
  }
}

export class Files {
  readonly #root: string;
  readonly #stateFile: string;
  /** By inode. It cannot be reused while the file is open. */
  readonly #followed = new Map<number, Followed>();
  #remembered: Readonly<Record<string, number>> = {};
  #written = '';

  /** @param stateFile file for the positions, on a disk that outlives the pod */
  constructor(root: string, stateFile: string) {
    this.#root = root;
    this.#stateFile = stateFile;
  }

  /** Reads the positions of the previous run. Without a readable file everything is sent again; the store keeps each line once. */
  async load(): Promise<void> {
    const text = await readFile(this.#stateFile, 'utf8').catch(() => '{}');
    try {
      this.#remembered = JSON.parse(text) as Record<string, number>;
    } catch {
      this.#remembered = {};
    }
  }

  /** The files that exist now, and removed files that are not yet read to their end. */
  async scan(): Promise<readonly Followed[]> {
    const seen = new Set<number>();
    for (const path of this.#paths()) {
      const inode = statSync(join(this.#root, path), { throwIfNoEntry: false })?.ino;
      if (inode === undefined) continue;
      if (this.#followed.has(inode) || (await this.#follow(path, inode))) seen.add(inode);
    }
    for (const [inode, followed] of this.#followed) {
      if (seen.has(inode)) continue;
      if (followed.gone && followed.offset >= sizeOf(followed)) await this.#forget(inode, followed);
      else followed.gone = true;
    }
    return [...this.#followed.values()];
  }

  /** Writes the positions if they changed. The file is replaced by rename, so it is never half-written. */
  async save(): Promise<void> {
    const positions = Object.fromEntries(
      [...this.#followed.values()].map(({ key, offset }) => [key, offset]),
    );
    const text = JSON.stringify(positions);
    if (text === this.#written) return;
    await writeFile(`${this.#stateFile}.new`, text);
    await rename(`${this.#stateFile}.new`, this.#stateFile);
    this.#written = text;
  }

  async close(): Promise<void> {
    for (const [inode, followed] of this.#followed) await this.#forget(inode, followed);
  }

  async #forget(inode: number, { file }: Followed): Promise<void> {
    this.#followed.delete(inode);
    await file.close();
  }

  #paths(): string[] {
    const paths: string[] = [];
    for (const pod of namesIn(this.#root)) {
      for (const container of namesIn(join(this.#root, pod))) {
        for (const name of namesIn(join(this.#root, pod, container))) {
          const path = `${pod}/${container}/${name}`;
          if (sourceOf(path) !== undefined) paths.push(path);
        }
      }
    }
    return paths.sort();
  }

  /** @returns whether the file is followed now: false while it is empty, or if it was removed in the meantime */
  async #follow(path: string, inode: number): Promise<boolean> {
    const source = sourceOf(path);
    const file = await open(join(this.#root, path)).catch(() => undefined);
    if (source === undefined || file === undefined) return false;
    const head = await headOf(file).catch(() => '');
    if (head === '' || fstatSync(file.fd).ino !== inode) {
      await file.close();
      return false;
    }
    // The key includes the folder, because two containers may write their first line in the same nanosecond.
    const key = `${source.uid}/${source.container}/${head}`;
    this.#followed.set(inode, { source, file, key, offset: this.#remembered[key] ?? 0, gone: false });
    return true;
  }
}
