import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { waitFor } from '../../../host/wait.ts';
import type { InstanceName } from './addressing.ts';
import { cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import type { Cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import { cgroupName, processesBelow } from './cgroups.ts';
import { commandLine } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';

/** A process of a pod, as the host sees it. */
export type PodProcess = ProcessId & {
  /** The container's id; null for a process in the pod's cgroup itself. */
  readonly containerId: string | null;
  readonly command: string;
};

/** kubelet puts guaranteed pods directly below kubepods, the others below their class. */
const QOS_FOLDERS = ['', 'burstable', 'besteffort'];

/** A pod of a node. */
export type PodPlace = { readonly instance: InstanceName; readonly node: string; readonly podUid: string };

/** The pod's cgroup folder on the host in a controller's hierarchy, or null when the pod is not on the node. */
export function podCgroup(place: PodPlace, controller = 'freezer'): string | null {
  const base = join(cgroups().mountOf(controller), cgroupName(place.instance, place.node), 'kubepods');
  const folders = QOS_FOLDERS.map((qos) => join(base, qos, `pod${place.podUid}`));
  return folders.find((folder) => existsSync(folder)) ?? null;
}

/** The cgroup folder of one container of the pod, or null when it does not run. */
export function containerCgroup(place: PodPlace, containerId: string, controller = 'freezer'): string | null {
  const pod = podCgroup(place, controller);
  // Kubernetes writes containerd://ID into the pod's status.
  const folder = pod === null ? null : join(pod, containerId.replace(/^[a-z-]+:\/\//, ''));
  return folder !== null && existsSync(folder) ? folder : null;
}

/** Every process of a pod with its container, its sandbox's included; empty when the pod is not on the node. */
export function podProcesses(place: PodPlace): PodProcess[] {
  const pod = podCgroup(place);
  if (pod === null) return [];
  const containers = subfolders(pod);
  return containers.flatMap((folder) =>
    processesBelow(folder).map((found) => ({
      ...found,
      containerId: basename(folder),
      command: commandLine(found.pid),
    })),
  );
}

/**
 * Stops every process of a cgroup where it is and waits until the kernel says FROZEN. thawCgroup is the inverse.
 * @throws DeadlineError when some process cannot be frozen in time.
 */
export async function freezeCgroup(
  folder: string,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
  machine: Cgroups = cgroups(),
): Promise<void> {
  await waitFor(
    () => {
      machine.freeze(folder);
      const state = machine.freezerState(folder);
      if (state === 'FROZEN') return true;
      throw new Error(state);
    },
    { what: `${folder} to be FROZEN`, intervalMs: 5, ...options },
  );
}

/** Lets a frozen cgroup run again. Idempotent; a cgroup that is gone needs no thawing. */
export function thawCgroup(folder: string, machine: Cgroups = cgroups()): void {
  if (existsSync(folder)) machine.thaw(folder);
}

/** THAWED, FREEZING or FROZEN as the kernel says. */
export function freezerState(folder: string, machine: Cgroups = cgroups()): string {
  return machine.freezerState(folder);
}

function subfolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}
