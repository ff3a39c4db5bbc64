import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../wait.ts';
import type { InstanceName } from './addressing.ts';
import { identify, killProcesses, processAlive } from './processes.ts';
import type { ProcessId } from './processes.ts';

/** One mounted cgroup hierarchy of the host. */
export type Hierarchy = {
  /** Its v1 controllers, `name=systemd`, or empty for the unified one. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  readonly version: 1 | 2;
};

const V1_CONTROLLERS = new Set(
  'cpu cpuacct cpuset memory devices freezer blkio pids net_cls net_prio perf_event hugetlb rdma misc'.split(
    ' ',
  ),
);

/** Parses the cgroup mounts out of /proc/self/mountinfo; a mount seen twice counts once. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.split('\n')) {
    const hierarchy = parseMount(line);
    const key = hierarchy?.controllers.join(',');
    if (hierarchy !== null && key !== undefined && !found.has(key)) found.set(key, hierarchy);
  }
  return [...found.values()];
}

function parseMount(line: string): Hierarchy | null {
  const [before = '', after = ''] = line.split(' - ');
  const mountPoint = before.split(' ')[4] ?? '';
  const [type = '', , superOptions = ''] = after.split(' ');
  if (type === 'cgroup2') return { controllers: [], mountPoint, version: 2 };
  if (type !== 'cgroup') return null;
  const controllers = superOptions
    .split(',')
    .filter((option) => V1_CONTROLLERS.has(option) || option.startsWith('name='));
  return { controllers, mountPoint, version: 1 };
}

/** The cgroup hierarchies mounted on this machine. */
export function hierarchies(): Hierarchy[] {
  return parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Path of an instance's, or a node's, cgroup below each hierarchy's mount point. */
export function cgroupName(instance: InstanceName, node?: string): string {
  return node === undefined ? `plumbline/${instance}` : `plumbline/${instance}/${node}`;
}

/**
 * Share of CPU time of the control plane's nodes and of the environment's own processes (load balancer, registry), where any other node has
 * the kernel's 1024. Elsewhere they have machines of their own; on this one, load on the platform would starve the API servers of it: with
 * equal shares and 300 requests a second no Lease was renewed for 10 s. Of cgroup v1, as all of the nodes is (preflight.ts).
 */
export const SHARES_OF_CONTROL = 4096;

/**
 * Makes a cgroup in every hierarchy and returns the `cgroup.procs` files to write a pid into.
 * @param cpuShares of the last part of the name, relative to its siblings; the kernel's default when left out
 */
export function makeCgroups(name: string, { cpuShares }: { cpuShares?: number | undefined } = {}): string[] {
  return hierarchies().map((hierarchy) => {
    let path = hierarchy.mountPoint;
    for (const part of name.split('/')) {
      const parent = path;
      path = join(path, part);
      mkdirSync(path, { recursive: true });
      if (hierarchy.controllers.includes('cpuset')) inheritCpuset(parent, path);
    }
    if (cpuShares !== undefined && hierarchy.controllers.includes('cpu'))
      writeFileSync(join(path, 'cpu.shares'), String(cpuShares));
    return join(path, 'cgroup.procs');
  });
}

/** Every process in a cgroup and the cgroups nested in it, over all hierarchies. */
export function processesIn(name: string): ProcessId[] {
  const pids = new Set<number>();
  for (const { mountPoint } of hierarchies()) {
    for (const folder of nested(join(mountPoint, name))) for (const pid of readPids(folder)) pids.add(pid);
  }
  return [...pids].map(identify).filter((found) => found !== null);
}

/** The processes of one cgroup folder and the folders nested in it. */
export function processesBelow(folder: string): ProcessId[] {
  const pids = new Set(nested(folder).flatMap(readPids));
  return [...pids].map(identify).filter((found) => found !== null);
}

/**
 * Kills everything in a cgroup in every hierarchy until nothing is left, then removes it depth first. Frozen
 * cgroups are thawed, since a frozen process does not die.
 */
export async function removeCgroups(
  name: string,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await waitFor(
    () => {
      thawAll(name);
      const left = processesIn(name).filter(processAlive);
      killProcesses(left);
      const folders = hierarchies().flatMap(({ mountPoint }) => nested(join(mountPoint, name)));
      const stuck = folders.filter((folder) => !removed(folder));
      if (stuck.length === 0) return true;
      throw new Error(`${left.length} processes, cgroups ${stuck.slice(0, 3).join(', ')}`);
    },
    { what: `the cgroups ${name} to be empty and gone`, intervalMs: 50, ...options },
  );
  for (const { mountPoint } of hierarchies()) removed(join(mountPoint, 'plumbline'));
}

/** A cgroup folder and everything nested in it, deepest first; empty when it does not exist. */
export function nested(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
  return [...names.flatMap((name) => nested(join(folder, name))), folder];
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

/** A new v1 cpuset has neither processors nor memory nodes, and takes no process until it has. */
function inheritCpuset(parent: string, child: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readFileSync(join(child, file), 'utf8').trim() !== '') continue;
    writeFileSync(join(child, file), readFileSync(join(parent, file), 'utf8').trim());
  }
}

function thawAll(name: string): void {
  const freezer = hierarchies().find(({ controllers }) => controllers.includes('freezer'));
  if (freezer === undefined) return;
  for (const folder of nested(join(freezer.mountPoint, name)).reverse()) {
    try {
      writeFileSync(join(folder, 'freezer.state'), 'THAWED');
    } catch {
      // Gone meanwhile: nothing is frozen in it.
    }
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return !existsSync(folder);
  }
}
