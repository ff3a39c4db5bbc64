import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { restoreHost } from './machine/host.ts';
import { INSTANCES } from './nodes/addressing.ts';
import type { InstanceName } from './nodes/addressing.ts';
import { cgroupName, processesIn, removeCgroups } from './nodes/cgroups.ts';
import { removeNetwork } from './nodes/links.ts';
import { killProcesses } from '../../host/process-identity.ts';
import { stateDir } from '../../host/paths.ts';
import { settleInstallation } from './machine/quiet-install.ts';

const CGROUP_DEADLINE_MS = 60_000;

/** Not deleted by removeInstance, because its caller holds this lock. */
const LOCK_FILE = 'lock';

const STAMP_FILE = 'stamp.json';

/**
 * Removes everything of an instance that a run, a crash or a reboot may have left: processes (by membership of its
 * cgroups), nested cgroups depth first, links, namespaces, routes, and its state folder except the lock. Mounts are
 * in the nodes' namespaces and end with them. Idempotent.
 */
export async function removeInstance(
  instance: InstanceName,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  // The stamp goes first: even if this process is killed now, the half-removed instance does not count as an environment.
  rmSync(join(stateDir(instance), STAMP_FILE), { force: true });
  killProcesses(processesIn(cgroupName(instance)));
  await removeCgroups(cgroupName(instance), { deadlineMs: CGROUP_DEADLINE_MS, ...options });
  await removeNetwork(instance, options);
  if (INSTANCES.every((name) => processesIn(cgroupName(name)).length === 0)) await restoreHost();
  await settleInstallation(options);
  const dir = stateDir(instance);
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir).filter((entry) => entry !== LOCK_FILE)) {
    rmSync(join(dir, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
