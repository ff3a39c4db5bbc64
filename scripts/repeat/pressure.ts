/** Pressure on this machine (Linux PSI): the share of time in which some task waited for a resource. */
import { readFileSync } from 'node:fs';

export interface Shares {
  /** Ratios. Over the whole time, and in the worst stretch between two looks. */
  mean: number;
  most: number;
}

export interface Pressure {
  cpu: Shares;
  memory: Shares;
  io: Shares;
}

const RESOURCES = ['cpu', 'memory', 'io'] as const;
type Resource = (typeof RESOURCES)[number];
const EVERY_MS = 10_000;

/** Time for which some task had waited so far, microseconds; null where the kernel does not say. */
export function stalledUs(text: string): number | null {
  const found = /^some .*\btotal=(\d+)$/m.exec(text);
  return found === null ? null : Number(found[1]);
}

interface Look {
  atMs: number;
  us: Record<Resource, number>;
}

function look(): Look | null {
  const us = { cpu: 0, memory: 0, io: 0 };
  for (const resource of RESOURCES) {
    let text: string;
    try {
      text = readFileSync(`/proc/pressure/${resource}`, 'utf8');
    } catch {
      return null;
    }
    const stalled = stalledUs(text);
    if (stalled === null) return null;
    us[resource] = stalled;
  }
  return { atMs: performance.now(), us };
}

/** Shares from looks in the order of their times; null with fewer than two. */
export function sharesOf(looks: readonly { atMs: number; us: Record<Resource, number> }[]): Pressure | null {
  const [first] = looks;
  const last = looks.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
  const between = (resource: Resource, from: Look, to: Look): number =>
    (to.us[resource] - from.us[resource]) / 1000 / (to.atMs - from.atMs);
  const of = (resource: Resource): Shares => ({
    mean: between(resource, first, last),
    most: Math.max(...looks.slice(1).map((to, i) => between(resource, looks[i] ?? first, to))),
  });
  return { cpu: of('cpu'), memory: of('memory'), io: of('io') };
}

/** Measures until it is stopped. */
export class PressureMeter {
  readonly #looks: Look[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#look();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** Null where the kernel does not tell. */
  stop(): Pressure | null {
    clearInterval(this.#timer);
    this.#look();
    return sharesOf(this.#looks);
  }

  #look(): void {
    const found = look();
    if (found !== null) this.#looks.push(found);
  }
}
