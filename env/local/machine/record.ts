/** Records of what is changed on the machine. They are written before the change, and removed when it is undone. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeWhole } from '../../../host/write-whole.ts';

/** Replaces a record. When this returns it is on the disk, so that a power loss leaves the former one or this one, and never half of it. */
export function writeRecord(path: string, record: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  synced(`${path}.new`, 'w', (fd) => writeWhole(fd, JSON.stringify(record, null, 2)));
  renameSync(`${path}.new`, path);
  // A rename survives a power loss only once its folder is synced.
  synced(dirname(path), 'r', () => undefined);
}

/**
 * The record at a path; null if there is none. One that cannot be read counts as none, with a warning.
 * @param lost completes the warning: what is not undone without the record
 */
export function readRecord(path: string, lost: string): unknown {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    process.emitWarning(`${path} cannot be read (${String(error)}), as after a power loss: ${lost}`);
    return null;
  }
}

function synced(path: string, flags: string, write: (fd: number) => void): void {
  const fd = openSync(path, flags);
  try {
    write(fd);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
