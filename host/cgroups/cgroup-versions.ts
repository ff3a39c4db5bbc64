/**
 * cgroup v1 and v2 behind one interface. The version of this machine is determined once; callers use `cgroups()` and need not know which
 * it is.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseHierarchies } from './hierarchies.ts';
import type { Hierarchy } from './hierarchies.ts';

/** The `cgroup.procs` files into which a node's processes write their PID, and what the node mounts. */
export type NodePlaces = {
  /** For the process that becomes the node, before it unshares its cgroup namespace. This cgroup becomes the namespace's root. */
  readonly enter: readonly string[];
  /** For PID 1 after it has unshared, and for every command that is run in the node. */
  readonly inside: readonly string[];
  /** What boot.sh mounts below /sys/fs/cgroup: `unified`, or one `FOLDER:OPTIONS` for each hierarchy. */
  readonly mounts: string;
};

export interface Cgroups {
  readonly version: 1 | 2;
  /** Every cgroup of ours is created, and searched for, below each of these. */
  readonly mountPoints: readonly string[];
  /** The controllers that an environment needs and this machine does not have. */
  lacking(): string[];
  /** Whether no controller can be delegated, because the visible root is a container's cgroup and has processes in it. */
  rootIsHeld(): boolean;
  /** The mount point of a controller's hierarchy. @throws Error when none is mounted */
  mountOf(controller: string): string;
  /**
   * Makes a cgroup for processes of the host and returns the `cgroup.procs` files to write a PID into.
   * @param ratio of CPU time, relative to a sibling that was made without one
   */
  make(name: string, ratio?: number): string[];
  /** Makes a node's cgroup. @param ratio as for `make` */
  makeNode(name: string, ratio?: number): NodePlaces;
  /** The CPU ratio of a cgroup; 1 for one that was made without. */
  ratioOf(name: string): number;
  /** CPU time used so far in a cgroup and below it, including by processes that have ended, ms; null: there is no such cgroup. */
  cpuMs(name: string): number | null;
  /** Requests that everything in a cgroup freezes; `freezerState` says when it has. */
  freeze(folder: string): void;
  /** Lets everything in it run again. */
  thaw(folder: string): void;
  /** The kernel's state, in v1's words: THAWED, FREEZING or FROZEN. */
  freezerState(folder: string): string;
  /** v2: kills everything in a cgroup. v1 has no such call: thaws everything, so that SIGKILL takes effect. */
  end(name: string): void;
  /** The controllers that the root delegates to the cgroups below it. v2 only; making cgroups adds to them. */
  handedDown(): string[];
  /**
   * Stops delegating the controllers that the root delegates only for us, once our cgroups are gone.
   * @param before what the root delegated before our cgroups were made
   */
  takeBack(before: readonly string[]): void;
}

/** The kernel's defaults: `cpu.shares` of v1, `cpu.weight` of v2. */
const DEFAULT_SHARES = 1024;
const DEFAULT_WEIGHT = 100;

const V1_NEEDED = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids'];
/** v2 controls devices by eBPF and can freeze every cgroup: it has no controllers for these. */
const V2_NEEDED = ['cpu', 'cpuset', 'memory', 'io', 'pids'];

/** On v2 a node's processes are in this child: a cgroup that delegates controllers may hold no processes itself. */
export const LEAF = 'init';

/** Attempts to make a chain of cgroups, as something else (systemd) may take a controller away in between. */
const ATTEMPTS = 3;

/**
 * The cgroups listed in /proc/self/mountinfo. The kernel gives each controller to one version only, and systemd mounts an empty v2
 * hierarchy beside those of v1. So the machine is v1 if v1 has the controller `cpu`.
 */
export function cgroupsIn(mountinfo: string): Cgroups {
  const found = parseHierarchies(mountinfo);
  const unified = found.find(({ version }) => version === 2);
  const v1 = found.some(({ controllers }) => controllers.includes('cpu'));
  return v1 || unified === undefined ? new CgroupsV1(found) : new CgroupsV2(unified.mountPoint);
}

let ofThisMachine: Cgroups | undefined;

/** The cgroups of this machine, read once. */
export function cgroups(): Cgroups {
  ofThisMachine ??= cgroupsIn(readFileSync('/proc/self/mountinfo', 'utf8'));
  return ofThisMachine;
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

/** Removes an empty cgroup. Returns whether it is gone. */
export function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return !existsSync(folder);
  }
}

class CgroupsV1 implements Cgroups {
  readonly version = 1;
  readonly mountPoints: readonly string[];
  readonly #hierarchies: readonly Hierarchy[];

  constructor(found: readonly Hierarchy[]) {
    this.#hierarchies = found;
    this.mountPoints = found.map(({ mountPoint }) => mountPoint);
  }

  lacking(): string[] {
    return V1_NEEDED.filter((controller) => this.#of(controller) === undefined);
  }

  rootIsHeld(): boolean {
    return false;
  }

  mountOf(controller: string): string {
    const found = this.#of(controller);
    if (found === undefined)
      throw new Error(`no cgroup v1 hierarchy with the controller ${controller} is mounted`);
    return found.mountPoint;
  }

  make(name: string, ratio?: number): string[] {
    return this.#hierarchies.map((hierarchy) => {
      let path = hierarchy.mountPoint;
      for (const part of name.split('/')) {
        const parent = path;
        path = join(path, part);
        mkdirSync(path, { recursive: true });
        if (hierarchy.controllers.includes('cpuset')) inheritCpuset(parent, path);
      }
      if (ratio !== undefined && hierarchy.controllers.includes('cpu'))
        writeFileSync(join(path, 'cpu.shares'), String(DEFAULT_SHARES * ratio));
      return join(path, 'cgroup.procs');
    });
  }

  makeNode(name: string, ratio?: number): NodePlaces {
    const enter = this.make(name, ratio);
    const mounts = this.#hierarchies.map(({ controllers, mountPoint, version }) => {
      const options = version === 2 ? 'unified' : controllers.join(',');
      return `${basename(mountPoint)}:${options}`;
    });
    return { enter, inside: enter, mounts: mounts.join(' ') };
  }

  ratioOf(name: string): number {
    return numberIn(join(this.mountOf('cpu'), name, 'cpu.shares')) / DEFAULT_SHARES;
  }

  cpuMs(name: string): number | null {
    const said = readOrNull(join(this.#of('cpuacct')?.mountPoint ?? '', name, 'cpuacct.usage'));
    return said === null ? null : Number(said) / 1e6;
  }

  freeze(folder: string): void {
    writeFileSync(join(folder, 'freezer.state'), 'FROZEN');
  }

  thaw(folder: string): void {
    writeFileSync(join(folder, 'freezer.state'), 'THAWED');
  }

  freezerState(folder: string): string {
    return readFileSync(join(folder, 'freezer.state'), 'utf8').trim();
  }

  /** On v1 a frozen process does not die of SIGKILL until it is thawed. */
  end(name: string): void {
    const freezer = this.#of('freezer');
    if (freezer === undefined) return;
    for (const folder of nested(join(freezer.mountPoint, name)).reverse()) {
      try {
        this.thaw(folder);
      } catch {
        // The cgroup has been removed meanwhile: nothing is frozen in it.
      }
    }
  }

  handedDown(): string[] {
    return [];
  }

  takeBack(): void {
    // Nothing is delegated on v1: every cgroup of a hierarchy has all its controllers.
  }

  #of(controller: string): Hierarchy | undefined {
    return this.#hierarchies.find(({ controllers }) => controllers.includes(controller));
  }
}

/**
 * Our cgroups are at the top, outside of systemd's slices. systemd cannot delegate a slice. It can delegate a scope or service, but that
 * lives only as long as its own process, needs the bus, and does not exist where PID 1 is not systemd. The advantage of a delegated
 * unit is that systemd does not take controllers away below it. It cannot do so here either: the kernel refuses to take a controller from
 * a cgroup whose child delegates it further, and ours does. Tried with systemd 252: controllers and processes stay as they are during
 * `daemon-reload` and the start of other units.
 */
class CgroupsV2 implements Cgroups {
  readonly version = 2;
  readonly mountPoints: readonly string[];
  readonly #root: string;

  constructor(mountPoint: string) {
    this.#root = mountPoint;
    this.mountPoints = [mountPoint];
  }

  lacking(): string[] {
    const offered = wordsIn(join(this.#root, 'cgroup.controllers'));
    return V2_NEEDED.filter((controller) => !offered.includes(controller));
  }

  /** Only the machine's root has no `cgroup.type`, and it may delegate although it has processes. */
  rootIsHeld(): boolean {
    if (!existsSync(join(this.#root, 'cgroup.type'))) return false;
    const given = this.handedDown();
    if (V2_NEEDED.every((controller) => given.includes(controller))) return false;
    return wordsIn(join(this.#root, 'cgroup.procs')).length > 0;
  }

  mountOf(): string {
    return this.#root;
  }

  make(name: string, ratio?: number): string[] {
    const folder = this.#chain(name);
    const weight = join(folder, 'cpu.weight');
    if (ratio !== undefined && this.#needed().includes('cpu'))
      writeFileSync(weight, String(DEFAULT_WEIGHT * ratio));
    return [join(folder, 'cgroup.procs')];
  }

  makeNode(name: string, ratio?: number): NodePlaces {
    const enter = this.make(name, ratio);
    const leaf = join(this.#root, name, LEAF);
    mkdirSync(leaf, { recursive: true });
    return { enter, inside: [join(leaf, 'cgroup.procs')], mounts: 'unified' };
  }

  ratioOf(name: string): number {
    return numberIn(join(this.#root, name, 'cpu.weight')) / DEFAULT_WEIGHT;
  }

  cpuMs(name: string): number | null {
    const said = readOrNull(join(this.#root, name, 'cpu.stat'));
    const found = /^usage_usec (\d+)$/m.exec(said ?? '');
    return found === null ? null : Number(found[1]) / 1000;
  }

  freeze(folder: string): void {
    writeFileSync(join(folder, 'cgroup.freeze'), '1');
  }

  thaw(folder: string): void {
    writeFileSync(join(folder, 'cgroup.freeze'), '0');
  }

  /** cgroup.freeze holds the requested state, cgroup.events the actual one. */
  freezerState(folder: string): string {
    if (/^frozen 1$/m.test(readFileSync(join(folder, 'cgroup.events'), 'utf8'))) return 'FROZEN';
    return numberIn(join(folder, 'cgroup.freeze')) === 1 ? 'FREEZING' : 'THAWED';
  }

  /** Since Linux 5.14 the kernel kills the whole subtree at once, including frozen processes and concurrent forks. */
  end(name: string): void {
    const file = join(this.#root, name, 'cgroup.kill');
    try {
      if (existsSync(file)) writeFileSync(file, '1');
    } catch {
      // The cgroup has been removed meanwhile: nothing is in it.
    }
  }

  handedDown(): string[] {
    return wordsIn(join(this.#root, 'cgroup.subtree_control'));
  }

  /** A controller that another child delegates further by now stays: the kernel refuses to take it away. */
  takeBack(before: readonly string[]): void {
    const ours = this.handedDown().filter((one) => V2_NEEDED.includes(one) && !before.includes(one));
    for (const controller of ours) {
      try {
        writeFileSync(join(this.#root, 'cgroup.subtree_control'), `-${controller}`);
      } catch {
        // Others use it by now.
      }
    }
  }

  /** The needed controllers that this machine has. `lacking` reports the others before anything is made. */
  #needed(): string[] {
    const lacking = this.lacking();
    return V2_NEEDED.filter((controller) => !lacking.includes(controller));
  }

  /** Makes a cgroup and its ancestors, each of which delegates the controllers. */
  #chain(name: string): string {
    const wanted = this.#needed();
    for (let attempt = 1; ; attempt += 1) {
      try {
        let path = this.#root;
        for (const part of name.split('/')) {
          handDown(path, wanted);
          path = join(path, part);
          mkdirSync(path, { recursive: true });
        }
        // systemd may have revoked a controller of the root between two steps. Once the whole chain has it, the kernel refuses that.
        const given = wordsIn(join(path, 'cgroup.controllers'));
        const missing = wanted.filter((controller) => !given.includes(controller));
        if (missing.length === 0) return path;
        throw new Error(`cgroup ${path} did not get the controllers ${missing.join(', ')}`);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Delegates the controllers to the cgroups below this one; those that are delegated already are left alone. */
function handDown(folder: string, wanted: readonly string[]): void {
  const file = join(folder, 'cgroup.subtree_control');
  const given = wordsIn(file);
  const missing = wanted.filter((controller) => !given.includes(controller));
  if (missing.length === 0) return;
  try {
    writeFileSync(file, missing.map((controller) => `+${controller}`).join(' '));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    throw new Error(
      `cgroup ${folder} cannot delegate ${missing.join(', ')}, since processes are in it; if this machine is a container, start it with --cgroupns=host`,
      { cause: error },
    );
  }
}

/** A new v1 cpuset has neither CPUs nor memory nodes, and accepts no process until it has both. */
function inheritCpuset(parent: string, child: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readFileSync(join(child, file), 'utf8').trim() !== '') continue;
    writeFileSync(join(child, file), readFileSync(join(parent, file), 'utf8').trim());
  }
}

function wordsIn(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split(/\s+/)
    .filter((word) => word !== '');
}

function numberIn(file: string): number {
  return Number(readFileSync(file, 'utf8').trim());
}
