import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { runAny, startDetached } from '../../../host/run.ts';
import type { CommandResult, RunOptions } from '../../../host/run.ts';
import { waitFor } from '../../../host/wait.ts';
import { addressesOf } from './addressing.ts';
import type { ClusterSize, NodeSpec } from './addressing.ts';
import { cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import type { NodePlaces } from '../../../host/cgroups/cgroup-versions.ts';
import { cgroupName, processesIn, RATIO_OF_CONTROL, removeCgroups, saysIn } from './cgroups.ts';
import { nodeDir, nodeFiles, nodeLogs } from './files.ts';
import { ensureLink, removeLink, routePods } from './links.ts';
import { identify, killProcesses, processAlive, waitGone } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';

/** Copied from the host's /etc into the node's: accounts, certificates, and the alternatives through which iptables is found. */
const FROM_HOST_ETC = [
  'alternatives',
  'ca-certificates.conf',
  'ethertypes',
  'group',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'nsswitch.conf',
  'passwd',
  'protocols',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
];

const BOOT_DEADLINE_MS = 30_000;
const KILL_DEADLINE_MS = 20_000;
const BIN_VARIABLE = 'NODE_BIN=';
const NODE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The binaries that a node is started with, and the size of its cluster. */
export type StartOptions = {
  readonly binDir: string;
  readonly size: ClusterSize;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Starts a node, or completes one that was left half up, and waits until its containerd answers. A node that runs
 * already is not changed. Its data (kubelet's, etcd's, volumes) is kept. Its network is created again, as on a machine
 * that boots.
 * @throws DeadlineError with the node's log if it does not come up
 */
export async function startNode(node: NodeSpec, options: StartOptions): Promise<ProcessId> {
  if (nodeStatus(node).pid1 === null) {
    // Processes that are left in its cgroups belong to its previous, crashed run.
    await removeCgroups(cgroupName(node.instance, node.name), {
      deadlineMs: KILL_DEADLINE_MS,
      signal: options.signal,
    });
    // A machine that boots has no packet filters and no links of pods. A new kube-proxy would take old tables for its own work.
    await removeLink(node, options);
    await ensureLink(node, options);
    await routePods(node, options.size, options);
    writeDisk(node, options.binDir);
    launch(node, options.binDir);
  }
  return waitForContainerd(node, options.signal);
}

/** The node's PID 1 with its pid on the host; null if the node does not run. */
export function nodeStatus(node: NodeSpec): { readonly running: boolean; readonly pid1: ProcessId | null } {
  const pid1 = readPid1(node);
  return { running: pid1 !== null, pid1 };
}

/**
 * The folder of binaries that a running node was started with, so that a restart uses the same.
 * @throws Error if the environment of its PID 1 does not contain it
 */
export function nodeBinDir(pid1: ProcessId): string {
  const environ = readFileSync(`/proc/${pid1.pid}/environ`, 'utf8').split('\0');
  const found = environ.find((entry) => entry.startsWith(BIN_VARIABLE));
  if (found === undefined)
    throw new Error(`/proc/${pid1.pid}/environ has no ${BIN_VARIABLE}: is it PID 1 of a node?`);
  return found.slice(BIN_VARIABLE.length);
}

/**
 * Crashes a node: after SIGKILL to its PID 1 the kernel kills everything in it. Its disk, link and namespace stay.
 * @returns the process that was killed, or null if the node did not run
 */
export async function stopNode(
  node: NodeSpec,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ProcessId | null> {
  const { pid1 } = nodeStatus(node);
  if (pid1 === null) return null;
  const inNode = processesIn(cgroupName(node.instance, node.name));
  killProcesses([pid1]);
  await waitGone([pid1, ...inNode], { deadlineMs: KILL_DEADLINE_MS, ...options });
  return pid1;
}

/** Removes everything that exists of a node: processes, cgroups, link, namespace, disk. */
export async function destroyNode(
  node: NodeSpec,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { pid1 } = nodeStatus(node);
  if (pid1 !== null) killProcesses([pid1]);
  await removeCgroups(cgroupName(node.instance, node.name), { deadlineMs: KILL_DEADLINE_MS, ...options });
  await removeLink(node, options);
  rmSync(nodeDir(node), { recursive: true, force: true });
}

/**
 * Runs a command in all namespaces and cgroups of a node and returns its result, also if it failed.
 * @throws Error if the node does not run; CommandError when the deadline passes
 */
export async function execInNode(
  node: NodeSpec,
  argv: readonly string[],
  options: RunOptions & { readonly binDir?: string },
): Promise<CommandResult> {
  const { pid1 } = nodeStatus(node);
  if (pid1 === null)
    throw new Error(`node ${node.name} of ${node.instance} does not run; start it with env up`);
  const env = {
    ...options.env,
    PATH: options.binDir === undefined ? NODE_PATH : `${options.binDir}:${NODE_PATH}`,
    HOME: '/root',
    NODE_PID: String(pid1.pid),
    NODE_INSIDE: placesOf(node).inside.join(' '),
  };
  return runAny(['/bin/bash', bootScript(), 'exec', ...argv], { ...options, env });
}

function placesOf({ instance, name, role }: NodeSpec): NodePlaces {
  return cgroups().makeNode(cgroupName(instance, name), role === 'control' ? RATIO_OF_CONTROL : undefined);
}

function bootScript(): string {
  return join(import.meta.dirname, 'boot.sh');
}

function pidFile(node: NodeSpec): string {
  return join(nodeDir(node), 'var/lib/plumbline-pid');
}

/** The pid file may be old and its number reused by another process, so the process must be PID 1 of a namespace. */
function readPid1(node: NodeSpec): ProcessId | null {
  const found = identify(numberIn(pidFile(node)));
  if (found === null) return null;
  const inside = namespacedPids(found.pid);
  return inside.at(-1) === '1' && inside.length > 1 && inCgroupOf(found.pid, node) ? found : null;
}

function numberIn(file: string): number {
  return existsSync(file) ? Number(readFileSync(file, 'utf8').trim()) : 0;
}

function namespacedPids(pid: number): string[] {
  try {
    const line = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return line?.[1]?.split(/\s+/) ?? [];
  } catch {
    return [];
  }
}

function inCgroupOf(pid: number, node: NodeSpec): boolean {
  try {
    return saysIn(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), cgroupName(node.instance, node.name));
  } catch {
    return false;
  }
}

/** Creates the node's folders and writes the files that it needs. Files that the node wrote are not changed. */
function writeDisk(node: NodeSpec, binDir: string): void {
  const dir = nodeDir(node);
  for (const folder of ['root', 'etc', 'var/lib', 'var/log', 'var/tmp', 'var/cache']) {
    mkdirSync(join(dir, folder), { recursive: true });
  }
  if (!existsSync(join(dir, 'var/run'))) symlinkSync('/run', join(dir, 'var/run'));
  const missing = (name: string): boolean =>
    existsSync(join('/etc', name)) && !existsSync(join(dir, 'etc', name));
  for (const name of FROM_HOST_ETC.filter(missing)) {
    cpSync(join('/etc', name), join(dir, 'etc', name), { recursive: true, verbatimSymlinks: true });
  }
  for (const [path, content] of Object.entries(nodeFiles(node, binDir))) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
}

function launch(node: NodeSpec, binDir: string): void {
  rmSync(pidFile(node), { force: true });
  const { enter, inside, mounts } = placesOf(node);
  const env = {
    PATH: NODE_PATH,
    NODE_NAME: node.name,
    NODE_NETNS: node.netns,
    NODE_PODS: addressesOf(node.instance).podCidr,
    NODE_DIR: nodeDir(node),
    NODE_BIN: binDir,
    NODE_ENTER: enter.join(' '),
    NODE_INSIDE: inside.join(' '),
    NODE_CGROUP_MOUNTS: mounts,
  };
  startDetached(['/bin/bash', bootScript(), 'enter'], nodeLogs(node).init, env);
}

async function waitForContainerd(node: NodeSpec, signal: AbortSignal | undefined): Promise<ProcessId> {
  return waitFor(
    async () => {
      const { pid1 } = nodeStatus(node);
      if (pid1 === null) throw new Error(`no PID 1 yet; ${tail(nodeLogs(node).init)}`);
      await reachable(join('/proc', String(pid1.pid), 'root', 'run/containerd/containerd.sock'));
      return processAlive(pid1) ? pid1 : null;
    },
    {
      what: `containerd of node ${node.name} (${node.instance})`,
      deadlineMs: BOOT_DEADLINE_MS,
      signal,
      next: `read ${nodeLogs(node).init} and ${nodeLogs(node).containerd}`,
    },
  );
}

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().slice(-300) : `no ${file}`;
}

function reachable(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
