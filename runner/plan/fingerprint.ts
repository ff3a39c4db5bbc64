import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { LATEST } from '../record/run-folder.ts';
import { isRunFolder } from '../record/run-history.ts';
import { CHECKOUT } from '../../host/paths.ts';

/** What must be the same for trials to belong to one series. */
export interface Fingerprint {
  /** Commit of the harness; with `+` and a digest when its files differ from it. Outside git a digest of its sources. */
  commit: string;
  /** SHA-256 of the environment file and of those that it extends. */
  environmentSha256: string;
  /** UID of kube-system; null until the cluster is reached. */
  clusterUid: string | null;
}

const MAX_DIFF_BYTES = 256 * 1024 * 1024;
/** Not part of the harness: what npm installs and what runs leave. */
const NOT_SOURCES = new Set(['node_modules', 'runs', '.git']);

/** @throws Error when a file of the environment cannot be read. */
export function fingerprintOf(environmentFiles: readonly string[], checkout = CHECKOUT): Fingerprint {
  const hash = createHash('sha256');
  for (const file of environmentFiles) hash.update(readFileSync(file));
  return {
    commit: harnessOf(checkout),
    environmentSha256: hash.digest('hex'),
    clusterUid: null,
  };
}

/** What differs, in words; empty when nothing does. A cluster that is not known yet is not compared. */
export function differencesOf(before: Fingerprint, now: Fingerprint): string[] {
  const pairs: [string, string | null, string | null][] = [
    ['commit of the harness', before.commit, now.commit],
    ['environment file (SHA-256)', before.environmentSha256, now.environmentSha256],
    ['cluster (UID of kube-system)', before.clusterUid, now.clusterUid],
  ];
  return pairs
    .filter(([, was, is]) => was !== null && is !== null && was !== is)
    .map(([what, was, is]) => `${what}: ${was ?? ''} in the recorded trials, now ${is ?? ''}`);
}

/** True for a folder within the checkout, where a clean checkout would lose it. */
export function isInCheckout(folder: string, checkout = CHECKOUT): boolean {
  const from = relative(realpathSync(checkout), realpathSync(folder));
  return !from.startsWith('..');
}

function harnessOf(checkout: string): string {
  const commit = git(checkout, 'rev-parse', 'HEAD')?.toString('utf8').trim();
  if (commit === undefined) return `sources-${sourcesDigest(checkout)}`;
  const changed = git(checkout, 'diff', '--binary', 'HEAD') ?? Buffer.alloc(0);
  const added = (git(checkout, 'ls-files', '--others', '--exclude-standard', '-z') ?? Buffer.alloc(0))
    .toString('utf8')
    .split('\0')
    .filter((name) => name !== '' && !isOfRun(checkout, name));
  if (changed.length === 0 && added.length === 0) return commit;
  const hash = createHash('sha256').update(changed);
  for (const name of added) hash.update(`\0${name}\0`).update(contentOf(join(checkout, name)));
  return `${commit}+${hash.digest('hex').slice(0, 12)}`;
}

/** What runs leave with an `--out` in the checkout, a series itself among it: the folder of a run, and the link to the newest. */
function isOfRun(checkout: string, name: string): boolean {
  for (let folder = dirname(name); folder !== '.'; folder = dirname(folder))
    if (isRunFolder(join(checkout, folder))) return true;
  return basename(name) === LATEST && isRunFolder(join(checkout, name));
}

/** Git records a link itself, not its target. */
function contentOf(file: string): Buffer | string {
  return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : readFileSync(file);
}

/** null outside git. */
function git(checkout: string, ...args: string[]): Buffer | null {
  try {
    return execFileSync('git', args, {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: MAX_DIFF_BYTES,
    });
  } catch {
    return null;
  }
}

function sourcesDigest(checkout: string): string {
  const hash = createHash('sha256');
  for (const file of filesBelow(checkout).sort())
    hash.update(`\0${relative(checkout, file)}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 40);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_SOURCES.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return isRunFolder(path) ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}
