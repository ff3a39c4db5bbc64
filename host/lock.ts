import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { identify, processAlive } from './process-identity.ts';
import type { ProcessId } from './process-identity.ts';
import { stateDir } from './paths.ts';
import { waitFor } from './wait.ts';
import { errorCode } from '../reports/record/error-text.ts';

/** Who holds a lock. */
export type LockHolder = ProcessId & {
  /** Wall clock, ISO 8601. */
  readonly since: string;
  /** The folder of the checkout that it works for. */
  readonly checkout: string;
};

/** The lock is held by a living process. The command line maps this to exit 75: refused for now. */
export class EnvironmentHeldError extends Error {
  readonly holder: LockHolder;

  constructor(path: string, holder: LockHolder) {
    super(
      `another process holds ${path}: pid ${holder.pid}, since ${holder.since}, for the checkout ${holder.checkout}; ` +
        'wait until it has ended, or end it',
    );
    this.name = 'EnvironmentHeldError';
    this.holder = holder;
  }
}

const DISK_FULL = ['ENOSPC', 'EDQUOT'];

/** Releases the lock; may be called twice. */
export type Release = () => void;

/**
 * Takes the lock at a path. A lock whose holder is dead (killed, or of an earlier boot) is taken over.
 * @throws EnvironmentHeldError when a living process holds it.
 */
export function takeLock(path: string): Release {
  mkdirSync(dirname(path), { recursive: true });
  const me = identify(process.pid);
  if (me === null) throw new Error(`/proc/${process.pid}/stat cannot be read; is /proc mounted?`);
  const holder: LockHolder = { ...me, since: new Date().toISOString(), checkout: process.cwd() };
  const candidate = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    writeCandidate(candidate, holder);
    claim(candidate, path);
  } finally {
    rmSync(candidate, { force: true });
  }
  let held = true;
  return () => {
    if (held && sameHolder(readHolder(path), holder)) rmSync(path, { force: true });
    held = false;
  };
}

/** Waits for the lock, then runs work while holding it. */
export async function withLock<T>(
  path: string,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const release = await waitFor(() => takeLock(path), {
    what: `the lock ${path}`,
    intervalMs: 250,
    ...options,
  });
  try {
    return await work();
  } finally {
    release();
  }
}

/** The living process that holds the lock now, or null. */
export function lockHolder(path: string): LockHolder | null {
  const holder = readHolder(path);
  return holder !== null && processAlive(holder) ? holder : null;
}

/** The lock file of an instance. */
export function lockPath(instance: string): string {
  return join(stateDir(instance), 'lock');
}

/** The process that provisions or removes an instance now, or null. */
export function instanceHolder(instance: string): LockHolder | null {
  return lockHolder(lockPath(instance));
}

/**
 * Writes down the holder. On a full disk as the target of a symbolic link, which takes no block of its own while it is short (ext4: below 60
 * bytes): `env down`, which is to free some, needs the lock.
 */
function writeCandidate(candidate: string, holder: LockHolder): void {
  try {
    writeFileSync(candidate, JSON.stringify(holder));
  } catch (error) {
    if (!DISK_FULL.includes(errorCode(error) ?? '')) throw error;
    rmSync(candidate, { force: true });
    const { pid, startTime, since } = holder;
    symlinkSync(JSON.stringify([pid, startTime, since]), candidate);
  }
}

/** Uses a hard link: it appears whole or not at all, and never replaces an existing file. */
function claim(candidate: string, path: string): void {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      linkSync(candidate, path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(path);
    if (holder !== null && processAlive(holder)) throw new EnvironmentHeldError(path, holder);
    removeStale(path, holder, `${candidate}.stale`);
  }
  throw new Error(
    `the lock ${path} could not be taken in 10 attempts; other processes keep taking and releasing it`,
  );
}

/** Removes the lock of a dead holder. If a living process has taken the lock meanwhile, its lock is put back. */
function removeStale(path: string, dead: LockHolder | null, aside: string): void {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved !== null && !sameHolder(moved, dead) && processAlive(moved)) {
    try {
      linkSync(aside, path);
    } catch {
      // A third process has taken it. The process whose lock was moved has lost it; its release tolerates that.
    }
  }
  unlinkSync(aside);
}

function readHolder(path: string): LockHolder | null {
  try {
    if (!lstatSync(path).isSymbolicLink()) return JSON.parse(readFileSync(path, 'utf8')) as LockHolder;
    const [pid, startTime, since] = JSON.parse(readlinkSync(path)) as [number, string, string];
    return { pid, startTime, since, checkout: '(not recorded, since the disk was full)' };
  } catch {
    return null;
  }
}

function sameHolder(a: LockHolder | null, b: LockHolder | null): boolean {
  return a !== null && b !== null && a.pid === b.pid && a.startTime === b.startTime && a.since === b.since;
}
