/**
 * The programs of the embedded environment, compiled from Go modules. Versions are in go.mod; the programs are in the cache
 * under a hash of everything they depend on, so that checkouts share them.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { withLock } from '../../../host/lock.ts';
import { cacheDir } from '../../../host/paths.ts';
import { COMPILE_FLAGS, goBuild, goVersion } from './go.ts';
import type { GoOptions } from './go.ts';
import { GROUPS, linkerFlags, moduleDir, moduleVersion, programOf } from './groups.ts';
import type { GroupName, ToolGroup } from './groups.ts';

export { CLUSTER_GROUPS, groupsFor, KUBERNETES_NAMES } from './groups.ts';
export type { GroupName } from './groups.ts';
export type { BuildProgress } from './go.ts';

/** Versions of the programs, from go.mod. */
export type ToolVersions = {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly coredns: string;
  readonly containerd: string;
};

/** How long to wait for the build of another process. From an empty cache on two cores a build takes about six minutes. */
const LOCK_DEADLINE_MS = 75 * 60_000;

/**
 * Builds the missing programs of the groups and returns their folder. Safe to call from several processes at once: the
 * second waits for the first. `beside`: the programs are put into the folder of these groups.
 * @throws Error with the compiler's last output; the abort reason when the signal fires (compiled packages are kept).
 */
export async function buildTools(
  groups: readonly GroupName[],
  options: GoOptions & { readonly beside?: readonly GroupName[] } = {},
): Promise<string> {
  const wanted = GROUPS.filter((group) => groups.includes(group.name));
  const outDir = await toolsDir(options.beside ?? groups, options.signal);
  for (const group of wanted) {
    if (built(group, outDir)) continue;
    await withLock(
      join(cacheDir(), 'toolchain.lock'),
      { deadlineMs: LOCK_DEADLINE_MS, signal: options.signal },
      () => buildGroup(group, outDir, options),
    );
  }
  return outDir;
}

/** Whether all programs of these groups are built. */
export async function toolsBuilt(groups: readonly GroupName[], signal?: AbortSignal): Promise<boolean> {
  return allBuilt(groups, await toolsDir(groups, signal));
}

function allBuilt(groups: readonly GroupName[], folder: string): boolean {
  return GROUPS.filter((group) => groups.includes(group.name)).every((group) => built(group, folder));
}

/**
 * The folder of the programs for the sources of this checkout and the Go of this machine. If that folder lacks a requested program, a
 * folder of the same sources and another Go that has them all is used instead: it was unpacked (`plumbline toolchain unpack`).
 */
export async function toolsDir(groups: readonly GroupName[], signal?: AbortSignal): Promise<string> {
  const folder = join(cacheDir(), 'toolchain');
  const go = await goVersion(signal).catch(() => null);
  signal?.throwIfAborted();
  const own = go === null ? null : join(folder, toolchainKey(go));
  if (own !== null && allBuilt(groups, own)) return own;
  const brought = foldersIn(folder).find((one) => isOfTheseSources(one) && allBuilt(groups, one));
  return brought ?? own ?? join(folder, 'none');
}

/** File with the version of the Go that built the programs in its folder. */
export const MADE_BY = '.made-by';

/** The version in that file, which is written first if it is missing. */
export async function madeBy(folder: string, signal?: AbortSignal): Promise<string> {
  const file = join(folder, MADE_BY);
  if (!existsSync(file)) writeFileSync(file, `${await goVersion(signal)}\n`);
  return readFileSync(file, 'utf8').trim();
}

function foldersIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .toSorted()
        .map((name) => join(folder, name))
    : [];
}

function isOfTheseSources(folder: string): boolean {
  const file = join(folder, MADE_BY);
  return existsSync(file) && basename(folder) === toolchainKey(readFileSync(file, 'utf8').trim());
}

/** A hash over everything that the programs depend on. */
export function toolchainKey(go: string): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([go, process.arch, COMPILE_FLAGS]));
  for (const group of GROUPS) {
    const { packages, names, tags, cgo } = group;
    hash.update(JSON.stringify([packages, names, tags, cgo, linkerFlags(group, goModOf(group))]));
    hash.update(readFileSync(join(moduleDir(group), 'go.mod')));
    hash.update(readFileSync(join(moduleDir(group), 'go.sum')));
  }
  for (const file of GROUPS.flatMap(ownSources)) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** The versions for the configuration of clusters and the tags of images. */
export function toolVersions(): ToolVersions {
  const main = readFileSync(join(import.meta.dirname, 'go.mod'), 'utf8');
  return {
    kubernetes: moduleVersion(main, 'k8s.io/kubernetes'),
    etcd: moduleVersion(main, 'go.etcd.io/etcd/server/v3'),
    coredns: moduleVersion(main, 'github.com/coredns/coredns'),
    containerd: moduleVersion(main, 'github.com/containerd/containerd/v2'),
  };
}

async function buildGroup(group: ToolGroup, outDir: string, options: GoOptions): Promise<void> {
  // Another process may have built the group while this one waited for the lock.
  if (built(group, outDir)) return;
  const scratch = `${outDir}.${group.name}.building`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  mkdirSync(outDir, { recursive: true });
  await goBuild(group, goModOf(group), scratch, options);
  // Programs get their final names by rename, so that a half-written one never has it.
  for (const name of readdirSync(scratch))
    renameSync(join(scratch, name), join(outDir, group.rename?.[name] ?? name));
  linkNames(outDir);
  await madeBy(outDir, options.signal);
  rmSync(scratch, { recursive: true, force: true });
}

/** Links the programs in a folder under their other names. */
export function linkNames(folder: string): void {
  for (const [program, name] of GROUPS.flatMap(otherNames)) {
    const scratch = join(folder, `${name}.link`);
    if (!existsSync(join(folder, program)) || existsSync(join(folder, name))) continue;
    rmSync(scratch, { force: true });
    symlinkSync(program, scratch);
    renameSync(scratch, join(folder, name));
  }
}

function otherNames(group: ToolGroup): (readonly [program: string, name: string])[] {
  return Object.entries(group.names ?? {}).flatMap(([program, names]) =>
    names.map((name) => [program, name] as const),
  );
}

/** Go files of the group's packages in this repository, without tests. */
function ownSources(group: ToolGroup): string[] {
  return group.packages
    .filter((path) => path.startsWith('./'))
    .map((path) => join(moduleDir(group), path))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => file.endsWith('.go') && !file.endsWith('_test.go'))
    .sort();
}

function built(group: ToolGroup, outDir: string): boolean {
  const names = [
    ...group.packages.map((path) => programOf(group, path)),
    ...otherNames(group).map(([, name]) => name),
  ];
  // A power loss may leave an empty file in the place of a program.
  return names.every((name) => (statSync(join(outDir, name), { throwIfNoEntry: false })?.size ?? 0) > 0);
}

function goModOf(group: ToolGroup): string {
  return readFileSync(join(moduleDir(group), 'go.mod'), 'utf8');
}
