import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { archiveSource, lacksMirror, RELEASE } from '../images/debian/debian-archive.ts';
import type { ArchiveSource } from '../images/debian/debian-archive.ts';
import type { ClusterSize, InstanceName } from '../nodes/addressing.ts';
import { missingModules } from './modules.ts';
import type { MissingModule } from './modules.ts';
import { cgroupsIn } from '../../../host/cgroups/cgroup-versions.ts';
import { missingPackages } from './packages.ts';
import { networksOf, othersInRange } from './range.ts';
import { cacheDir, stateRoot } from '../../../host/paths.ts';
import { onPath } from '../../../host/run.ts';
import { goVersion } from '../toolchain/go.ts';

/** The machine cannot hold the environment; nothing was changed. The command line maps this to exit 64. */
export class PreflightError extends Error {
  /** The requirement that is not met. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(`${what}; ${remedy}`);
    this.name = 'PreflightError';
    this.what = what;
    this.remedy = remedy;
  }
}

/** Facts about a machine that decide whether it can hold the environment. */
export type Machine = {
  readonly platform: string;
  readonly uid: number;
  /** The cgroup version, and the needed controllers that are missing. */
  readonly cgroups: {
    readonly version: 1 | 2;
    readonly lacking: readonly string[];
    readonly held: boolean;
  };
  readonly missingModules: readonly MissingModule[];
  /** Null if the kernel runs without SELinux. */
  readonly selinux: 'enforcing' | 'permissive' | null;
  readonly memoryAvailableBytes: number;
  readonly cacheFreeBytes: number;
  readonly stateFreeBytes: number;
  /** Whether cache and state are on one file system. */
  readonly oneDisk: boolean;
  readonly missingTools: readonly string[];
  /** As `go version` prints it, `go1.26.8`; null if Go is not on PATH. */
  readonly goVersion: string | null;
  readonly missingPackages: readonly string[];
  readonly hasApt: boolean;
  /** Source of the packages that images are made of. */
  readonly archive: ArchiveSource;
  /** What of somebody else has addresses of the instance that is asked for, as `198.18.0.1/30 on Meta`. */
  readonly othersInRange: readonly string[];
};

/** The environment that the machine must hold. */
export type Need = {
  readonly instance: InstanceName;
  readonly size: ClusterSize;
  /** Whether the programs are built already. */
  readonly built: boolean;
  /** Whether the layers of images that are made of Debian packages are built already. */
  readonly hasDebian: boolean;
  /** Whether the environment is up: its memory, disk space and addresses are in use already. */
  readonly up: boolean;
};

const GIB = 1024 ** 3;

/** Measured: 1.0 GiB for three nodes, 1.9 GiB for six without stores; doubled for the stores and the checks. */
const MEMORY_BYTES: Readonly<Record<ClusterSize, number>> = { small: 3 * GIB, full: 5 * GIB };
/** Measured: 6.2 GiB with PostgreSQL alone. The rest is for other stores, telemetry and a second version of everything. */
const CACHE_BYTES = 12 * GIB;
/** Measured: about 0.7 GiB of images and data per node. */
const STATE_BYTES: Readonly<Record<ClusterSize, number>> = { small: 4 * GIB, full: 7 * GIB };

/** Required by the Go modules of Kubernetes. */
const OLDEST_GO = [1, 26, 6] as const;

const SELINUX_ENFORCE = '/sys/fs/selinux/enforce';

const TOOLS = ['go', 'bash', 'ip', 'bridge', 'unshare', 'nsenter', 'dpkg-query'];
/** Tools that are in the packages of packages.ts. */
const FROM_PACKAGES = new Set(['ip', 'bridge', 'unshare', 'nsenter']);

/** Inspects this machine without changing it, for an instance that is to be provisioned with some stores and parts. */
export async function lookAtMachine(
  { instance, words }: { readonly instance: InstanceName; readonly words: readonly string[] },
  signal?: AbortSignal,
): Promise<Machine> {
  const missingTools = TOOLS.filter((tool) => !onPath(tool));
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    ...(process.platform === 'linux' ? await kernelOf(instance, signal) : NO_LINUX),
    selinux: selinuxMode(readText(SELINUX_ENFORCE)),
    cacheFreeBytes: freeBytes(cacheDir()),
    stateFreeBytes: freeBytes(stateRoot()),
    oneDisk: deviceOf(cacheDir()) === deviceOf(stateRoot()),
    missingTools,
    goVersion: missingTools.includes('go') ? null : await goVersion(signal),
    missingPackages: missingTools.includes('dpkg-query') ? [] : await missingPackages(words, signal),
    hasApt: onPath('apt-get'),
    archive: archiveSource(),
  };
}

type OfKernel = Pick<Machine, 'cgroups' | 'missingModules' | 'memoryAvailableBytes' | 'othersInRange'>;

const NO_LINUX: OfKernel = {
  cgroups: { version: 1, lacking: [], held: false },
  missingModules: [],
  memoryAvailableBytes: 0,
  othersInRange: [],
};

async function kernelOf(instance: InstanceName, signal?: AbortSignal): Promise<OfKernel> {
  return {
    cgroups: cgroupsFound(readFileSync('/proc/self/mountinfo', 'utf8')),
    // Only root may load modules. A failure of another user would say nothing about the machine.
    missingModules: process.getuid?.() === 0 ? await missingModules({ signal }) : [],
    memoryAvailableBytes: availableBytes(readFileSync('/proc/meminfo', 'utf8')),
    othersInRange: await othersInRange(instance, { signal }),
  };
}

/** One requirement: what was found, and the problem, if it is not met. */
export type Finding = {
  readonly name: string;
  readonly found: string;
  readonly problem: PreflightError | null;
};

/** A finding for every requirement, in the order in which they are checked. */
export function findingsOf(machine: Machine, need: Need): Finding[] {
  return ASPECTS.map(({ name, found, problem }) => ({
    name,
    found: found(machine, need),
    problem: problem(machine, need),
  }));
}

/**
 * Judges whether the machine can hold the environment.
 * @throws PreflightError with the first requirement that is not met, and its remedy
 */
export function judgeMachine(machine: Machine, need: Need): void {
  for (const { problem } of ASPECTS) {
    const found = problem(machine, need);
    if (found !== null) throw found;
  }
}

type Aspect = {
  readonly name: string;
  readonly found: (machine: Machine, need: Need) => string;
  readonly problem: (machine: Machine, need: Need) => PreflightError | null;
};

const ASPECTS: readonly Aspect[] = [
  { name: 'system', found: ({ platform }) => platform, problem: systemProblem },
  { name: 'rights', found: ({ uid }) => (uid === 0 ? 'root' : `user ${uid}`), problem: rightsProblem },
  {
    name: 'cgroups',
    found: ({ cgroups: { version } }) => `version ${version}`,
    problem: ({ cgroups }) => cgroupProblem(cgroups),
  },
  {
    name: 'kernel modules',
    found: ({ uid }) =>
      uid === 0 ? 'present, or loaded when they are needed' : 'not checked: only root can',
    problem: moduleProblem,
  },
  { name: 'SELinux', found: ({ selinux }) => selinux ?? 'none', problem: selinuxProblem },
  {
    name: 'Go',
    found: ({ goVersion: version }, { built }) =>
      version ?? (built ? 'none, but the programs are built already' : 'none'),
    problem: (machine, { built }) => (built ? null : goProblem(machine)),
  },
  {
    name: 'tools',
    // Go has its own aspect.
    found: ({ missingTools }) =>
      laterText(
        missingTools.filter((tool) => tool !== 'go'),
        'there',
      ),
    problem: toolProblem,
  },
  {
    name: 'packages',
    found: ({ missingPackages: lacking }) => laterText(lacking, 'installed'),
    problem: packageProblem,
  },
  {
    name: 'packages of images',
    found: ({ archive }, { hasDebian }) =>
      hasDebian
        ? 'built already'
        : archive.codename === RELEASE
          ? "this machine's own"
          : (archive.mirror ?? 'none'),
    problem: archiveProblem,
  },
  {
    name: 'addresses',
    found: ({ missingTools }, { instance, up }) =>
      missingTools.includes('ip')
        ? 'not checked: ip is not installed yet'
        : `${networksOf(instance).join(', ')}: ${up ? 'of the environment that is up' : 'free'}`,
    problem: rangeProblem,
  },
  {
    name: 'disk to build',
    found: (machine, { built, hasDebian }) =>
      built && hasDebian ? 'built already' : `${gib(machine.cacheFreeBytes)} free`,
    problem: buildingProblem,
  },
  { name: 'disk', found: (machine) => `${gib(machine.stateFreeBytes)} free`, problem: diskProblem },
  {
    name: 'memory',
    found: (machine) => `${gib(machine.memoryAvailableBytes)} available`,
    problem: memoryProblem,
  },
];

function laterText(lacking: readonly string[], there: string): string {
  return lacking.length === 0 ? there : `missing, apt-get will install them: ${lacking.join(', ')}`;
}

function systemProblem({ platform }: Machine): PreflightError | null {
  if (platform === 'linux') return null;
  return new PreflightError(
    `the embedded environment needs Linux, this is ${platform}`,
    'run it on a Linux machine',
  );
}

function rightsProblem({ uid }: Machine): PreflightError | null {
  if (uid === 0) return null;
  return new PreflightError(
    `the embedded environment creates namespaces and links and needs root, this is user ${uid}`,
    'open a root shell (sudo -i), go back to this folder, and set PATH and the PLUMBLINE_ variables there: sudo alone drops them',
  );
}

function cgroupProblem({ version, lacking, held }: Machine['cgroups']): PreflightError | null {
  if (held)
    return new PreflightError(
      "the cgroup root seen here is a container's own and holds its processes, so no controllers can be enabled below it",
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

function moduleProblem({ missingModules: missing }: Machine): PreflightError | null {
  if (missing.length === 0) return null;
  const names = missing.map(({ name }) => name).join(' ');
  return new PreflightError(
    `not in the kernel: ${names} (${missing.map(({ said }) => said).join('; ')})`,
    `in a container, type modprobe -a ${names} on the machine itself; elsewhere reboot if the kernel was upgraded since, or install its other modules (Debian: linux-image-amd64, Ubuntu: linux-modules-extra-VERSION)`,
  );
}

function selinuxProblem({ selinux }: Machine): PreflightError | null {
  if (selinux !== 'enforcing') return null;
  return new PreflightError(
    'SELinux is enforcing, and has no policy for the nodes, which are not containers of this machine',
    'type setenforce 0, and setenforce 1 again after `plumbline env down`',
  );
}

const INSTALL_GO = `install Go ${OLDEST_GO.join('.')} or newer from https://go.dev/dl/ (the one in Debian 12 and 13 is older) and put it on the PATH of root, or unpack what another machine has built (plumbline toolchain unpack FILE)`;

function goProblem({ goVersion: version }: Machine): PreflightError | null {
  if (version === null) return new PreflightError('the command go is not on PATH', INSTALL_GO);
  const parts = /^go(\d+)\.(\d+)(?:\.(\d+))?/.exec(`${version}.0`)?.slice(1);
  // A development version has no release number and is accepted: who installs one does so on purpose.
  if (parts === undefined || !isOlder(parts.map((part) => Number(part)))) return null;
  return new PreflightError(`the command go is ${version}, which is too old`, INSTALL_GO);
}

function isOlder(version: readonly number[]): boolean {
  const at = OLDEST_GO.findIndex((oldest, index) => oldest !== version[index]);
  return at >= 0 && (version[at] ?? 0) < (OLDEST_GO[at] ?? 0);
}

function toolProblem({ missingTools, hasApt }: Machine): PreflightError | null {
  const missing = missingTools.filter((tool) => tool !== 'go' && (!hasApt || !FROM_PACKAGES.has(tool)));
  if (missing.length === 0) return null;
  return new PreflightError(`not on PATH: ${missing.join(', ')}`, 'use Debian or Ubuntu, or install them');
}

function packageProblem({ missingPackages, hasApt }: Machine): PreflightError | null {
  if (missingPackages.length === 0 || hasApt) return null;
  return new PreflightError(
    `packages are missing and there is no apt-get to install them with: ${missingPackages.join(', ')}`,
    'use Debian or Ubuntu, or install them',
  );
}

function archiveProblem({ archive }: Machine, { hasDebian }: Need): PreflightError | null {
  if (hasDebian || !lacksMirror(archive)) return null;
  return new PreflightError(
    `images are made of packages of Debian 12 (${RELEASE}), but this machine runs another release`,
    'type export PLUMBLINE_DEBIAN_MIRROR=URL with the address of a mirror that holds Debian 12',
  );
}

function rangeProblem({ othersInRange: others }: Machine, { instance, up }: Need): PreflightError | null {
  if (up || others.length === 0) return null;
  return new PreflightError(
    `addresses of ${instance} (${networksOf(instance).join(', ')}) are in use on this machine: ${others.join(', ')}`,
    'leave that VPN, or end that proxy or give it another range (Clash, mihomo and sing-box: that of fake-ip), until `plumbline env down`',
  );
}

function buildingProblem(
  { cacheFreeBytes, oneDisk }: Machine,
  { up, built, hasDebian, size }: Need,
): PreflightError | null {
  // The nodes of an environment that is up have their part of the disk already.
  const both = oneDisk && !up;
  const needed = CACHE_BYTES + (both ? STATE_BYTES[size] : 0);
  if ((built && hasDebian) || cacheFreeBytes >= needed) return null;
  const [what, where] = both
    ? ['building and the nodes need', `${cacheDir()} and ${stateRoot()} together`]
    : ['building needs', cacheDir()];
  return new PreflightError(
    `${what} ${gib(needed)} of disk for ${where}, ${gib(cacheFreeBytes)} are free`,
    'free some, or set PLUMBLINE_CACHE to a folder on a larger disk',
  );
}

function diskProblem({ stateFreeBytes }: Machine, { up, size }: Need): PreflightError | null {
  if (up || stateFreeBytes >= STATE_BYTES[size]) return null;
  return new PreflightError(
    `the size ${size} needs ${gib(STATE_BYTES[size])} of disk for ${stateRoot()}, ${gib(stateFreeBytes)} are free`,
    'free some, or set PLUMBLINE_STATE to a folder on a larger disk',
  );
}

function memoryProblem({ memoryAvailableBytes }: Machine, { up, size }: Need): PreflightError | null {
  if (up || memoryAvailableBytes >= MEMORY_BYTES[size]) return null;
  return new PreflightError(
    `the size ${size} needs ${gib(MEMORY_BYTES[size])} of memory, ${gib(memoryAvailableBytes)} are available`,
    size === 'full' ? 'free some, or add --size small (npm start -- --size small)' : 'free some',
  );
}

/** The cgroups of a machine with these mounts. */
export function cgroupsFound(mountinfo: string): Machine['cgroups'] {
  const found = cgroupsIn(mountinfo);
  return { version: found.version, lacking: found.lacking(), held: found.rootIsHeld() };
}

/** The mode in the text of the kernel's file, `1` or `0`; null if there is no such file. */
export function selinuxMode(enforce: string | null): Machine['selinux'] {
  if (enforce === null) return null;
  return enforce.trim() === '1' ? 'enforcing' : 'permissive';
}

function readText(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** MemAvailable of /proc/meminfo. */
export function availableBytes(meminfo: string): number {
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

/** Free bytes of the file system on which a folder is, or will be created. */
function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(existing(folder));
  return bavail * bsize;
}

function deviceOf(folder: string): number {
  return statSync(existing(folder)).dev;
}

/** The folder, or its closest ancestor that exists. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
