/** How long tasks of this machine wait for its cores, its memory and its disks. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { cgroups } from '../host/cgroups/cgroup-versions.ts';
import type { PressureLook } from '../reports/record/pressure.ts';
import { monoMs } from '../host/clock.ts';
import { Followers } from './store/followers.ts';

/** Short against the stretches that are reported, and three small files of the kernel each time. */
const EVERY_MS = 2000;
/** USER_HZ, which Linux has fixed at 100 for user space. */
const TICK_MS = 10;
/** From a process to its ancestors; no process tree of ours is so deep. */
const MOST_STEPS = 64;

/** Time for which some task had waited so far, ms; null if the kernel does not report it. */
export function stalledMs(text: string): number | null {
  const found = /^some .*\btotal=(\d+)$/m.exec(text);
  return found === null ? null : Number(found[1]) / 1000;
}

/** A process from its /proc/PID/stat: its parent, and its CPU time with that of ended children, ms. Its name may contain anything. */
export function processIn(stat: string): { parent: number; cpuMs: number } | null {
  const [, parent, ...rest] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  // Fields 14 to 17 of proc(5): utime, stime, cutime, cstime.
  const times = rest.slice(9, 13);
  if (parent === undefined || Number.isNaN(parent) || times.length < 4) return null;
  return { parent, cpuMs: times.reduce((sum, one) => sum + one, 0) * TICK_MS };
}

/** CPU time of this process and its descendants that are not in the environment themselves, ms. @param cgroup of the environment */
function ownCpuMs(cgroup: string): number {
  const all = new Map<number, { parent: number; cpuMs: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const found = read(`/proc/${name}/stat`, processIn);
    if (found !== null) all.set(Number(name), found);
  }
  const isOurs = (pid: number): boolean => {
    for (let at = pid, steps = 0; at > 1 && steps < MOST_STEPS; steps++) {
      if (at === process.pid) return true;
      at = all.get(at)?.parent ?? 0;
    }
    return false;
  };
  const isInside = (pid: number): boolean =>
    read(`/proc/${pid}/cgroup`, (text) => text)?.includes(`/${cgroup}`) === true;
  return [...all]
    .filter(([pid]) => isOurs(pid) && !isInside(pid))
    .reduce((sum, [, { cpuMs }]) => sum + cpuMs, 0);
}

function read<T>(file: string, parse: (text: string) => T | null): T | null {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** @param cgroup of the environment. Null on a kernel without PSI. */
export function lookAtPressure(cgroup: string): PressureLook | null {
  const [cpuMs = null, memoryMs = null, ioMs = null] = ['cpu', 'memory', 'io'].map((resource) =>
    read(`/proc/pressure/${resource}`, stalledMs),
  );
  if (cpuMs === null || memoryMs === null || ioMs === null) return null;
  return { kind: 'pressure', t: monoMs(), cpuMs, memoryMs, ioMs, cores: lookAtCores(cgroup) };
}

function lookAtCores(cgroup: string): PressureLook['cores'] {
  // Both from cgroups: /proc/stat counts by ticks, and misses a fifth of what runs for shorter than one.
  const [busyMs, environmentMs] = [cgroups().cpuMs(''), cgroups().cpuMs(cgroup)];
  if (busyMs === null || environmentMs === null) return null;
  return { count: cpus().length, busyMs, oursMs: environmentMs + ownCpuMs(cgroup) };
}

type Take = (look: PressureLook) => void;

/** How often this process checks whether it runs on time, ms. */
const TICK_EVERY_MS = 10;

/** How late this process's timer fired. */
class Lateness {
  #timer: NodeJS.Timeout | null = null;
  #lastMs = 0;
  #mostMs: number | null = null;

  begin(): void {
    if (this.#timer !== null) return;
    this.#lastMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_EVERY_MS).unref();
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const now = performance.now();
    this.#mostMs = Math.max(this.#mostMs ?? 0, now - this.#lastMs - TICK_EVERY_MS);
    this.#lastMs = now;
  }

  /** The greatest lateness since the last call; null: there was no tick since. */
  take(): number | null {
    const most = this.#mostMs;
    this.#mostMs = null;
    return most;
  }
}

/** Looks repeatedly while it has followers, once for all of them, and when a follower joins or leaves. */
export class PressureWatch {
  readonly #cgroup: string;
  readonly #lateness = new Lateness();
  readonly #followers: Followers<PressureLook>;

  /** @param cgroup of the environment */
  constructor(cgroup: string, everyMs = EVERY_MS) {
    this.#cgroup = cgroup;
    this.#followers = new Followers(
      everyMs,
      () => this.#look(),
      () => this.#lateness.end(),
    );
  }

  follow(take: Take): { close(): void } {
    this.#followers.join(take);
    this.#lateness.begin();
    this.#look();
    return {
      close: () => {
        if (!this.#followers.has(take)) return;
        this.#look();
        this.#followers.leave(take);
      },
    };
  }

  #look(): void {
    const found = lookAtPressure(this.#cgroup);
    if (found === null) return;
    const lateMs = this.#lateness.take();
    this.#followers.tell({ ...found, ...(lateMs !== null && { lateMs }) });
  }
}
