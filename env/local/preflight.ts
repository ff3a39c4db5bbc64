import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ClusterSize } from './nodes/addressing.ts';
import { describeMissing, missingModules } from './modules.ts';
import type { MissingModule } from './modules.ts';
import { REGISTRY_PORT } from './nodes/addressing.ts';
import { cgroupsIn } from './nodes/cgroup-versions.ts';
import { missingPackages } from './packages.ts';
import { cacheDir, stateRoot } from './paths.ts';
import { describeHolder, holderOf, takenEverywhere } from './ports.ts';
import { onPath } from './run.ts';

/** The machine cannot hold the environment; nothing was changed. The command line maps this to exit 64. */
export class PreflightError extends Error {
  constructor(what: string, doThis: string) {
    super(`${what}; ${doThis}`);
    this.name = 'PreflightError';
  }
}

/** What of a machine decides whether it can hold the environment. */
export type Machine = {
  readonly platform: string;
  readonly uid: number;
  /** Which version of cgroups it has, and the controllers that are needed and not there. */
  readonly cgroups: {
    readonly version: 1 | 2;
    readonly lacking: readonly string[];
    readonly held: boolean;
  };
  readonly missingModules: readonly MissingModule[];
  readonly memoryAvailableBytes: number;
  readonly cacheFreeBytes: number;
  readonly stateFreeBytes: number;
  readonly missingTools: readonly string[];
  readonly missingPackages: readonly string[];
  readonly hasApt: boolean;
  /** Who listens at the registry's port of every address, so that none is left for ours; null when nobody does. */
  readonly registryPortOf: string | null;
};

/** What is asked for. */
export type Need = {
  readonly size: ClusterSize;
  /** Whether programs and images are built already. */
  readonly built: boolean;
  /** Whether the environment is up, so that its memory and disk are taken already. */
  readonly up: boolean;
};

const GIB = 1024 ** 3;

/** Measured: 1.0 GiB for three nodes, 1.9 GiB for six without stores; doubled for the stores and the checks. */
const MEMORY_BYTES: Readonly<Record<ClusterSize, number>> = { small: 3 * GIB, full: 5 * GIB };
/** Measured: Go's caches 11 GiB, programs and images 1.5 GiB. */
const CACHE_BYTES = 15 * GIB;
/** Measured: some 0.7 GiB of images and data a node. */
const STATE_BYTES: Readonly<Record<ClusterSize, number>> = { small: 4 * GIB, full: 7 * GIB };

const TOOLS = ['go', 'bash', 'ip', 'bridge', 'unshare', 'nsenter', 'dpkg-query'];
/** Tools that a package of the list brings. */
const FROM_PACKAGES = new Set(['ip', 'bridge', 'unshare', 'nsenter']);

/** Looks at this machine. Changes nothing. @param words stores and parts that are to be raised */
export async function lookAtMachine(words: readonly string[], signal?: AbortSignal): Promise<Machine> {
  const missingTools = TOOLS.filter((tool) => !onPath(tool));
  const linux = process.platform === 'linux';
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    cgroups: linux
      ? cgroupsFound(readFileSync('/proc/self/mountinfo', 'utf8'))
      : { version: 1, lacking: [], held: false },
    missingModules: linux ? await missingModules({ signal }) : [],
    memoryAvailableBytes: linux ? availableBytes(readFileSync('/proc/meminfo', 'utf8')) : 0,
    cacheFreeBytes: freeBytes(cacheDir()),
    stateFreeBytes: freeBytes(stateRoot()),
    missingTools,
    missingPackages: missingTools.includes('dpkg-query') ? [] : await missingPackages(words, signal),
    hasApt: onPath('apt-get'),
    registryPortOf: (await takenEverywhere(REGISTRY_PORT))
      ? describeHolder(holderOf(`0.0.0.0:${REGISTRY_PORT}`))
      : null,
  };
}

/**
 * Judges whether the machine can hold what is asked for.
 * @throws PreflightError with the first thing that it lacks and what to do about it.
 */
export function judgeMachine(machine: Machine, need: Need): void {
  for (const problem of [systemProblem, toolProblem, portProblem, spaceProblem]) {
    const found = problem(machine, need);
    if (found !== null) throw found;
  }
}

function systemProblem(machine: Machine): PreflightError | null {
  if (machine.platform !== 'linux') {
    return new PreflightError(
      `the embedded environment needs Linux, this is ${machine.platform}`,
      'run it on a Linux machine',
    );
  }
  if (machine.uid !== 0) {
    return new PreflightError(
      `the embedded environment makes namespaces and links and needs root, this is user ${machine.uid}`,
      'run it as root (sudo)',
    );
  }
  const cgroup = cgroupProblem(machine.cgroups);
  if (cgroup !== null) return cgroup;
  if (machine.missingModules.length > 0)
    return new PreflightError(...describeMissing(machine.missingModules));
  return null;
}

function cgroupProblem({ version, lacking, held }: Machine['cgroups']): PreflightError | null {
  if (held)
    return new PreflightError(
      "the cgroups seen here are a container's own, and its processes are where controllers would be handed down",
      'run it on the machine itself, or start the container with --cgroupns=host',
    );
  if (lacking.length === 0) return null;
  return version === 1
    ? new PreflightError(
        `the cgroup v1 hierarchies of ${lacking.join(', ')} are not mounted, and neither is cgroup v2`,
        'mount them below /sys/fs/cgroup, or type mount -t cgroup2 cgroup2 /sys/fs/cgroup where nothing is mounted there',
      )
    : new PreflightError(
        `the kernel's cgroup v2 has no ${lacking.join(', ')}`,
        "boot without cgroup_disable= and, where memory is missing, with cgroup_enable=memory on the kernel's command line",
      );
}

function toolProblem(machine: Machine): PreflightError | null {
  if (machine.missingTools.includes('go')) {
    return new PreflightError('the command go is not on PATH', 'install Go 1.26.6 or newer');
  }
  const missing = machine.missingTools.filter((tool) => !machine.hasApt || !FROM_PACKAGES.has(tool));
  if (missing.length > 0) {
    return new PreflightError(`not on PATH: ${missing.join(', ')}`, 'use Debian 12, or install them');
  }
  if (machine.missingPackages.length > 0 && !machine.hasApt) {
    return new PreflightError(
      `packages are missing and there is no apt-get to install them with: ${machine.missingPackages.join(', ')}`,
      'use Debian 12, or install them',
    );
  }
  return null;
}

function portProblem({ registryPortOf }: Machine, need: Need): PreflightError | null {
  if (need.up || registryPortOf === null) return null;
  return new PreflightError(
    `port ${REGISTRY_PORT} of every address is taken by ${registryPortOf}, and the registry for the nodes needs it at one of them`,
    'end that (systemctl disable --now where it is a service), or let it listen at addresses of its own',
  );
}

function spaceProblem(machine: Machine, need: Need): PreflightError | null {
  if (need.up) return null;
  if (!need.built && machine.cacheFreeBytes < CACHE_BYTES) {
    return new PreflightError(
      `building needs ${gib(CACHE_BYTES)} of disk for ${cacheDir()}, ${gib(machine.cacheFreeBytes)} are free`,
      'free some, or set PLUMBLINE_CACHE to a folder on a larger disk',
    );
  }
  if (machine.stateFreeBytes < STATE_BYTES[need.size]) {
    return new PreflightError(
      `the size ${need.size} needs ${gib(STATE_BYTES[need.size])} of disk for ${stateRoot()}, ${gib(machine.stateFreeBytes)} are free`,
      'free some, or set PLUMBLINE_STATE to a folder on a larger disk',
    );
  }
  if (machine.memoryAvailableBytes < MEMORY_BYTES[need.size]) {
    return new PreflightError(
      `the size ${need.size} needs ${gib(MEMORY_BYTES[need.size])} of memory, ${gib(machine.memoryAvailableBytes)} are available`,
      need.size === 'full' ? 'free some, or use --size small' : 'free some',
    );
  }
  return null;
}

/** What a machine with these mounts has of cgroups. */
export function cgroupsFound(mountinfo: string): Machine['cgroups'] {
  const found = cgroupsIn(mountinfo);
  return { version: found.version, lacking: found.lacking(), held: found.rootIsHeld() };
}

/** MemAvailable of /proc/meminfo. */
export function availableBytes(meminfo: string): number {
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

/** Free bytes where a folder is, or will be made. */
function freeBytes(folder: string): number {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return bavail * bsize;
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
