import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../../../host/wait.ts';
import type { InstanceName } from './addressing.ts';
import { cgroups, LEAF, nested, removed } from '../../../host/cgroups/cgroup-versions.ts';
import type { Cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import { identify, killProcesses, processAlive } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';

/** Path of the cgroup of an instance or a node, below each mount point. */
export function cgroupName(instance: InstanceName, node?: string): string {
  return node === undefined ? `plumbline/${instance}` : `plumbline/${instance}/${node}`;
}

/**
 * CPU weight of control-plane nodes and of the environment's own processes (load balancer, registry); any other node has 1. In
 * production they have machines of their own. On one machine with equal weights, load on the platform starves the API servers: at 300
 * requests per second no Lease was renewed for 10 s.
 */
export const RATIO_OF_CONTROL = 4;

/** Whether a process is in a cgroup or in its leaf for a node's own processes, by the text of /proc/PID/cgroup. */
export function saysIn(procCgroup: string, name: string): boolean {
  return procCgroup
    .split('\n')
    .some((line) => line.endsWith(`/${name}`) || line.endsWith(`/${name}/${LEAF}`));
}

/** Every process in a cgroup and its descendants, over all mount points. */
export function processesIn(name: string, machine: Cgroups = cgroups()): ProcessId[] {
  const pids = new Set<number>();
  for (const mountPoint of machine.mountPoints) {
    for (const folder of nested(join(mountPoint, name))) for (const pid of readPids(folder)) pids.add(pid);
  }
  return [...pids].map(identify).filter((found) => found !== null);
}

/** The processes of one cgroup folder and its descendants. */
export function processesBelow(folder: string): ProcessId[] {
  const pids = new Set(nested(folder).flatMap(readPids));
  return [...pids].map(identify).filter((found) => found !== null);
}

/** Kills everything in a cgroup below every mount point until nothing is left, then removes it depth first. */
export async function removeCgroups(
  name: string,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
  machine: Cgroups = cgroups(),
): Promise<void> {
  await waitFor(
    () => {
      machine.end(name);
      const left = processesIn(name, machine).filter(processAlive);
      killProcesses(left);
      const folders = machine.mountPoints.flatMap((mountPoint) => nested(join(mountPoint, name)));
      const stuck = folders.filter((folder) => !removed(folder));
      if (stuck.length === 0) return true;
      throw new Error(`${left.length} processes are left, and the cgroups ${stuck.slice(0, 3).join(', ')}`);
    },
    { what: `the cgroups ${name} to be empty and removed`, intervalMs: 50, ...options },
  );
  for (const mountPoint of machine.mountPoints) removed(join(mountPoint, 'plumbline'));
}

function readPids(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  } catch {
    return [];
  }
}
