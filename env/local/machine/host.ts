import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { raiseKernelLimits, restoreKernelLimits } from './kernel.ts';
import { absentModules, loadModules, MODULES, unloadModule } from './modules.ts';
import type { ModuleName } from './modules.ts';
import { cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import { stateRoot } from '../../../host/paths.ts';
import { bootId } from '../state/stamp.ts';

/** What was changed on the machine itself for its environments, beside the limits of kernel.ts. */
export type HostRecord = {
  readonly bootId: string;
  /** Modules that were not there before. */
  readonly modules: readonly ModuleName[];
  /** What the root of cgroup v2 handed down before. */
  readonly controllers: readonly string[];
};

/**
 * Changes what nodes need of the machine itself: limits, modules, and what these two do to others. What it was before is written down
 * first, once for all instances, so that `restoreHost` finds it even after a crash in between.
 * @throws Error when a setting cannot be written or a module cannot be loaded.
 */
export async function prepareHost(
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  raiseKernelLimits();
  const absent = absentModules();
  writeRecord(
    recordOf(readRecord(), { bootId: bootId(), modules: absent, controllers: cgroups().handedDown() }),
  );
  await loadModules(absent, options);
}

/**
 * What is to be put back later: what an earlier instance found stays, and what is about to change now is added.
 * @param now as it is, its modules those that are absent
 */
export function recordOf(before: HostRecord | null, now: HostRecord): HostRecord {
  // After another boot nothing is left of what was changed before.
  if (before?.bootId !== now.bootId) return now;
  const modules = MODULES.filter((name) => [...before.modules, ...now.modules].includes(name));
  return { ...before, modules };
}

/** Puts the machine back to what it was before the first instance. Nothing recorded means nothing to do. */
export async function restoreHost(): Promise<void> {
  restoreKernelLimits();
  const before = readRecord();
  if (before?.bootId === bootId()) {
    for (const name of before.modules.toReversed()) await unloadModule(name);
    cgroups().takeBack(before.controllers);
  }
  rmSync(recordPath(), { force: true });
}

function readRecord(): HostRecord | null {
  if (!existsSync(recordPath())) return null;
  return JSON.parse(readFileSync(recordPath(), 'utf8')) as HostRecord;
}

function writeRecord(record: HostRecord): void {
  mkdirSync(dirname(recordPath()), { recursive: true });
  writeFileSync(`${recordPath()}.new`, JSON.stringify(record, null, 2));
  renameSync(`${recordPath()}.new`, recordPath());
}

function recordPath(): string {
  return join(stateRoot(), 'host.json');
}
