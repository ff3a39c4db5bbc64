import { cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import { commandLine } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import type { InstanceName } from './addressing.ts';
import { cgroupName, processesBelow } from './cgroups.ts';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A process of a pod, with its pid on the host. */
export type PodProcess = ProcessId & {
  /** The container's id; null for a process in the pod's cgroup itself. */
  readonly containerId: string | null;
  readonly command: string;
};

/** kubelet puts guaranteed pods directly below kubepods, the others below their class. */
const QOS_FOLDERS = ['', 'burstable', 'besteffort'];

/** A pod of a node. */
type PodPlace = { readonly instance: InstanceName; readonly node: string; readonly podUid: string };

/** The pod's cgroup folder on the host in a controller's hierarchy, or null if the pod is not on the node. */
export function podCgroup(place: PodPlace, controller = 'freezer'): string | null {
  const base = join(cgroups().mountOf(controller), cgroupName(place.instance, place.node), 'kubepods');
  const folders = QOS_FOLDERS.map((qos) => join(base, qos, `pod${place.podUid}`));
  return folders.find((folder) => existsSync(folder)) ?? null;
}

/** The cgroup folder of one container of the pod, or null if it does not run. */
export function containerCgroup(place: PodPlace, containerId: string, controller = 'freezer'): string | null {
  const pod = podCgroup(place, controller);
  // Kubernetes writes containerd://ID into the pod's status.
  const folder = pod === null ? null : join(pod, containerId.replace(/^[a-z-]+:\/\//, ''));
  return folder !== null && existsSync(folder) ? folder : null;
}

/** Every process of a pod with its container, including the sandbox's; empty if the pod is not on the node. */
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

function subfolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}
