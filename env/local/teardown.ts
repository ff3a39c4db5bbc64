import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { restoreHost } from './machine/host.ts';
import { INSTANCES } from './nodes/addressing.ts';
import type { InstanceName } from './nodes/addressing.ts';
import { cgroupName, processesIn, removeCgroups } from './nodes/cgroups.ts';
import { removeNetwork } from './nodes/links.ts';
import { instanceHolder } from '../../host/lock.ts';
import { killProcesses } from '../../host/process-identity.ts';
import { stateDir } from '../../host/paths.ts';
import { settleInstallation } from './machine/quiet-install.ts';

const CGROUP_DEADLINE_MS = 60_000;

/** Not deleted by removeInstance, because its caller holds this lock. */
const LOCK_FILE = 'lock';

const STAMP_FILE = 'stamp.json';

export type RemoveOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Keeps the stamp. The caller has written one that counts as no environment (unfinishedStamp). */
  readonly keepStamp?: boolean;
};

/**
 * Removes everything of an instance that a run, a crash or a reboot may have left: processes (by membership of its
 * cgroups), nested cgroups depth first, links, namespaces, routes, and its state folder except the lock. Mounts are
 * in the nodes' namespaces and end with them. Idempotent.
 */
export async function removeInstance(
  instance: InstanceName,
  { keepStamp = false, ...options }: RemoveOptions = {},
): Promise<void> {
  // The stamp goes first: even if this process is killed now, the half-removed instance does not count as an environment.
  if (!keepStamp) rmSync(join(stateDir(instance), STAMP_FILE), { force: true });
  killProcesses(processesIn(cgroupName(instance)));
  await removeCgroups(cgroupName(instance), { deadlineMs: CGROUP_DEADLINE_MS, ...options });
  await removeNetwork(instance, options);
  await settleInstallation(options);
  emptyState(instance, { keepStamp });
}

/** Removes what is in the state folder of an instance, except for its lock. @param options `keepStamp`: nor its stamp */
export function emptyState(instance: InstanceName, { keepStamp = false }: RemoveOptions = {}): void {
  const dir = stateDir(instance);
  if (!existsSync(dir)) return;
  const kept = keepStamp ? [LOCK_FILE, STAMP_FILE] : [LOCK_FILE];
  for (const name of readdirSync(dir).filter((entry) => !kept.includes(entry))) {
    rmSync(join(dir, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

type Look = {
  /** Whether processes of an instance run; replaced in tests. */
  readonly runs?: (instance: InstanceName) => boolean;
  /** Replaced in tests. */
  readonly restore?: () => Promise<void>;
};

/**
 * Restores the machine (kernel limits, modules, controllers) unless an instance is on it or is being provisioned or removed. Call it without
 * any instance's lock: of several that are removed at the same time, the last one then restores it.
 */
export async function restoreUnusedHost({
  runs = hasProcesses,
  restore = restoreHost,
}: Look = {}): Promise<void> {
  if (INSTANCES.every((name) => instanceHolder(name) === null && !runs(name))) await restore();
}

/** Whether processes of an instance run, by its cgroups. */
export function hasProcesses(instance: InstanceName): boolean {
  return processesIn(cgroupName(instance)).length > 0;
}
