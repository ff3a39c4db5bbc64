import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { raiseKernelLimits, restoreKernelLimits } from './kernel.ts';
import { absentModules, loadModules, MODULES, unloadModule } from './modules.ts';
import type { ModuleName } from './modules.ts';
import { readRecord, writeRecord } from './record.ts';
import { cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import { stateRoot } from '../../../host/paths.ts';
import { bootId } from '../../../host/process-identity.ts';

/** Former state of the machine, where provisioning changed it. The limits of kernel.ts have a record of their own. */
export type HostRecord = {
  readonly bootId: string;
  /** Modules that were not loaded before. */
  readonly modules: readonly ModuleName[];
  /** Controllers that the root of cgroup v2 had enabled for its children before. */
  readonly controllers: readonly string[];
};

/**
 * Changes the machine as nodes need it: kernel limits and modules. The former state, including the enabled cgroup controllers, is
 * recorded first, once for all instances, so that `restoreHost` finds it even after a crash in between.
 * @throws Error when a setting cannot be written or a module cannot be loaded.
 */
export async function prepareHost(
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  raiseKernelLimits();
  const absent = absentModules();
  const now = { bootId: bootId(), modules: absent, controllers: cgroups().handedDown() };
  writeRecord(recordPath(), recordOf(readHostRecord(), now));
  await loadModules(absent, options);
}

/**
 * The record for restoreHost: the state that an earlier instance found, and the modules that will be loaded now.
 * @param now the present state; `modules` are the absent ones
 */
export function recordOf(before: HostRecord | null, now: HostRecord): HostRecord {
  // A reboot has undone the earlier changes.
  if (before?.bootId !== now.bootId) return now;
  const modules = MODULES.filter((name) => [...before.modules, ...now.modules].includes(name));
  return { ...before, modules };
}

/** Restores the machine to its state before the first instance. Does nothing without a record. */
export async function restoreHost(): Promise<void> {
  restoreKernelLimits();
  const before = readHostRecord();
  if (before?.bootId === bootId()) {
    for (const name of before.modules.toReversed()) await unloadModule(name);
    cgroups().takeBack(before.controllers);
  }
  rmSync(recordPath(), { force: true });
}

function readHostRecord(): HostRecord | null {
  const lost = 'modules and controllers that it recorded stay until the next boot';
  return readRecord(recordPath(), lost) as HostRecord | null;
}

function recordPath(): string {
  return join(stateRoot(), 'host.json');
}
