import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CommandError, EXIT } from '../../host/errors.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Room that a run needs: followed logs and traces are some 50 MB, histories of a long drill as much, and reports a few MB. */
export const NEEDED_BYTES = 150 * 1024 * 1024;

/** The runs folder cannot take a run: exit 3, before anything is touched. */
export class RunFolderError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RunFolderError';
  }
}

export interface RunFolder {
  /** `<UTC>-<env>-<id>`. */
  id: string;
  path: string;
  histories: string;
  parent: string;
}

/** Where runs lie, below the working folder, unless `--out` names another. */
export const RUNS = 'runs';

/**
 * The folder of a run as people name it: its path, else its name in the folder of runs, such as `latest`.
 * @param holding what it must hold
 * @param parent the folder of runs
 * @throws CommandError (64) when neither is one
 */
export function runFolder(run: string, holding: 'histories' | 'run.json', parent = RUNS): string {
  const candidates = [...new Set([resolve(run), resolve(parent, run)])];
  const found = candidates.find((folder) => existsSync(join(folder, holding)));
  if (found !== undefined) return found;
  throw new CommandError(`no run "${run}": there is no ${holding} in ${candidates.join(' or ')}`, EXIT.usage);
}

/** `20261124T163015Z`: sorts by time and is a valid file name everywhere. */
function stamp(at: Date): string {
  return at.toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
}

/**
 * Makes `<parent>/<UTC>-<environment>-<id>/` and proves that it can be written and has room.
 * @throws RunFolderError
 */
export function makeRunFolder(parent: string, environment: string, at = new Date()): RunFolder {
  const id = `${stamp(at)}-${environment}-${randomBytes(2).toString('hex')}`;
  const path = join(resolve(parent), id);
  try {
    return proven(path);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

function proven(path: string): RunFolder {
  const parent = dirname(path);
  const histories = join(path, 'histories');
  try {
    mkdirSync(parent, { recursive: true });
    // Lines of the platform's logs are in it, and so may be what people wrote: only who runs Plumbline reads it.
    mkdirSync(path, { recursive: true, mode: 0o700 });
    mkdirSync(histories, { recursive: true });
    const room = statfsSync(path);
    const freeBytes = room.bavail * room.bsize;
    if (freeBytes < NEEDED_BYTES) {
      throw new Error(
        `${mib(freeBytes)} MiB are free and a run needs ${mib(NEEDED_BYTES)} MiB; free some or name another folder with --out`,
      );
    }
    const probe = join(path, '.probe');
    writeFileDurably(probe, 'x'.repeat(64 * 1024));
    unlinkSync(probe);
  } catch (cause) {
    const why = errorText(cause);
    throw new RunFolderError(`The runs folder ${parent} cannot be used: ${why}. Nothing was touched.`, {
      cause,
    });
  }
  return { id: basename(path), path, histories, parent };
}

function mib(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}

/** Writes and syncs; the file is on disk when this returns. */
export function writeFileDurably(file: string, text: string | Buffer): void {
  const handle = openSync(file, 'w');
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Replaces a file so that a reader sees the old text or the new, never half of it. */
export function writeFileAtomically(file: string, text: string | Buffer): void {
  const draft = `${file}.draft`;
  writeFileDurably(draft, text);
  renameSync(draft, file);
}

/** Name of the link to the last run of a parent folder. */
export const LATEST = 'latest';

/**
 * Points `<parent>/latest` at the run, atomically. It is a convenience: what a run has seen does not depend on it, and what is in its place is left.
 * @returns why it does not point at the run, and what to do; null: it does
 */
export function moveLatest(folder: RunFolder): string | null {
  const draft = join(folder.parent, `.latest-${folder.id}`);
  const latest = join(folder.parent, LATEST);
  try {
    rmSync(draft, { force: true });
    symlinkSync(folder.id, draft);
    renameSync(draft, latest);
    return null;
  } catch (cause) {
    rmSync(draft, { force: true });
    const isFolder = lstatSync(latest, { throwIfNoEntry: false })?.isDirectory() === true;
    const why = isFolder
      ? 'it is a folder, as a copy that follows links makes of a link, and was left as it is: give it another name, or remove it'
      : errorText(cause);
    return `${latest} does not point at this run, ${folder.path}: ${why}`;
  }
}

/** Folder name of a check: slashes become dots. */
export function checkFolderName(check: string): string {
  return check.replaceAll('/', '.');
}

/** `histories/<check with dots>/trial-NN`. */
export function trialFolder(histories: string, check: string, trial: number): string {
  return join(histories, checkFolderName(check), `trial-${String(trial).padStart(2, '0')}`);
}

/** For a run that was refused before anything was done. */
export function removeRunFolder(folder: RunFolder): void {
  rmSync(folder.path, { recursive: true, force: true });
}
