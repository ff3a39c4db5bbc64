/**
 * The two versions of cgroups that a kernel offers, behind one set of words. A machine is asked once which of them it has; whoever makes,
 * freezes or removes a cgroup asks for that one and does not look again.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseHierarchies } from './hierarchies.ts';
import type { Hierarchy } from './hierarchies.ts';

/** The `cgroup.procs` files that a node's processes write their number into, and what the node mounts. */
export type NodePlaces = {
  /** For the process that becomes the node, before it unshares its cgroup namespace: this becomes the namespace's root. */
  readonly enter: readonly string[];
  /** For PID 1 after that, and for every command that is run in the node. */
  readonly inside: readonly string[];
  /** What boot.sh mounts below /sys/fs/cgroup: `unified`, or `FOLDER:OPTIONS` a hierarchy. */
  readonly mounts: string;
};

export interface Cgroups {
  readonly version: 1 | 2;
  /** Below each of them every cgroup of ours is made, and looked for. */
  readonly mountPoints: readonly string[];
  /** The controllers that an environment needs and this machine does not have. */
  lacking(): string[];
  /** Whether nothing can be handed down here, since the root that is seen is a container's and holds its processes. */
  rootIsHeld(): boolean;
  /** The mount point below which a controller's cgroups are. @throws Error when there is none */
  mountOf(controller: string): string;
  /**
   * Makes a cgroup for processes of the host and returns the `cgroup.procs` files to write a number into.
   * @param ratio of CPU time to what a sibling has that is given none
   */
  make(name: string, ratio?: number): string[];
  /** Makes a node's cgroup. @param ratio as for `make` */
  makeNode(name: string, ratio?: number): NodePlaces;
  /** The CPU time that a cgroup has where a sibling that is given none has 1. */
  ratioOf(name: string): number;
  /** The CPU time of everything that is or was in a cgroup and below it, ms; null: there is no such cgroup. */
  cpuMs(name: string): number | null;
  /** Asks for everything in a cgroup to stand still; `freezerState` says when it does. */
  freeze(folder: string): void;
  /** Lets it run again. */
  thaw(folder: string): void;
  /** THAWED, FREEZING or FROZEN as the kernel says, in the words of v1. */
  freezerState(folder: string): string;
  /** Readies everything in a cgroup to be killed, or kills it, as far as the kernel does that by itself. */
  end(name: string): void;
  /** The controllers that the machine's root hands down to all below it, which on v2 are changed for us. */
  handedDown(): string[];
  /**
   * Takes back what the root hands down for us alone, once our cgroups are gone.
   * @param before what it handed down before them
   */
  takeBack(before: readonly string[]): void;
}

/** Relative CPU time of a cgroup that is given none. */
const DEFAULT_SHARES = 1024;
const DEFAULT_WEIGHT = 100;

const V1_NEEDED = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids'];
/** Devices are a matter of eBPF there, and freezing is part of every cgroup. */
const V2_NEEDED = ['cpu', 'cpuset', 'memory', 'io', 'pids'];

/** Where on v2 the processes of a node are: a cgroup that gives controllers to those below it may hold none itself. */
export const LEAF = 'init';

/** How often a chain of cgroups is made anew when something took a controller away in between. */
const ATTEMPTS = 3;

/**
 * The cgroups that /proc/self/mountinfo tells of. The kernel gives each controller to one version only, and systemd mounts an empty v2
 * hierarchy beside those of v1: it is v1 where v1 has the controller cpu.
 */
export function cgroupsIn(mountinfo: string): Cgroups {
  const found = parseHierarchies(mountinfo);
  const unified = found.find(({ version }) => version === 2);
  const v1 = found.some(({ controllers }) => controllers.includes('cpu'));
  return v1 || unified === undefined ? new CgroupsV1(found) : new CgroupsV2(unified.mountPoint);
}

let ofThisMachine: Cgroups | undefined;

/** The cgroups of this machine, asked for once. */
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

  /** A frozen process of v1 does not die: everything is thawed. */
  end(name: string): void {
    const freezer = this.#of('freezer');
    if (freezer === undefined) return;
    for (const folder of nested(join(freezer.mountPoint, name)).reverse()) {
      try {
        this.thaw(folder);
      } catch {
        // Gone meanwhile: nothing is frozen in it.
      }
    }
  }

  handedDown(): string[] {
    return [];
  }

  takeBack(): void {
    // Every hierarchy has its controllers all the way down.
  }

  #of(controller: string): Hierarchy | undefined {
    return this.#hierarchies.find(({ controllers }) => controllers.includes(controller));
  }
}

/**
 * Our cgroups are at the top, outside of systemd's slices. A slice cannot be delegated; a scope or service can, but lives and ends with a
 * process of its own, needs the bus, and does not exist where something else than systemd is PID 1. What speaks for a delegated unit is
 * that systemd does not take controllers away below it. It cannot here either: the kernel refuses to take a controller from a cgroup
 * whose child hands it further, and ours does. Tried with systemd 252: controllers and processes stay as they are over `daemon-reload` and
 * the start of other units.
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

  /** The root of the machine alone has no type, and may hand down what it likes. */
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

  /** cgroup.freeze holds what was asked for; cgroup.events holds what came of it. */
  freezerState(folder: string): string {
    if (/^frozen 1$/m.test(readFileSync(join(folder, 'cgroup.events'), 'utf8'))) return 'FROZEN';
    return numberIn(join(folder, 'cgroup.freeze')) === 1 ? 'FREEZING' : 'THAWED';
  }

  /** The kernel kills everything below at once, also what is frozen and what is just being forked. Since Linux 5.14. */
  end(name: string): void {
    const file = join(this.#root, name, 'cgroup.kill');
    try {
      if (existsSync(file)) writeFileSync(file, '1');
    } catch {
      // Gone meanwhile: nothing is in it.
    }
  }

  handedDown(): string[] {
    return wordsIn(join(this.#root, 'cgroup.subtree_control'));
  }

  /** What somebody else hands further by now stays: the kernel refuses to take that. */
  takeBack(before: readonly string[]): void {
    const ours = this.handedDown().filter((one) => V2_NEEDED.includes(one) && !before.includes(one));
    for (const controller of ours) {
      try {
        writeFileSync(join(this.#root, 'cgroup.subtree_control'), `-${controller}`);
      } catch {
        // In use by others since.
      }
    }
  }

  /** Those that can be handed down here; `lacking` tells of the others before anything is made. */
  #needed(): string[] {
    const lacking = this.lacking();
    return V2_NEEDED.filter((controller) => !lacking.includes(controller));
  }

  /** Makes a cgroup and those above it, each of which hands the controllers down. */
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
        // Between two steps systemd may take back what the root was just asked to hand down. From now on the kernel would not let it.
        const given = wordsIn(join(path, 'cgroup.controllers'));
        const missing = wanted.filter((controller) => !given.includes(controller));
        if (missing.length === 0) return path;
        throw new Error(`${path} was not given ${missing.join(', ')}`);
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

/** Lets the cgroups below this one have the controllers; whatever they have already is left alone. */
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
      `${folder} cannot hand down ${missing.join(', ')}, since processes are in it; inside a container, give it the cgroup namespace of the host`,
      { cause: error },
    );
  }
}

/** A new v1 cpuset has neither processors nor memory nodes, and takes no process until it has. */
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
