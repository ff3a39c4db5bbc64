/** How long tasks of this machine wait for its cores, its memory and its disks. */
import { readFileSync } from 'node:fs';
import type { PressureLook } from '../reports/record/pressure.ts';
import { monoMs } from './clock.ts';

/** Short against the stretches that are told, and three small files of the kernel each time. */
const EVERY_MS = 2000;

/** Time for which some task had waited so far, ms; null where the kernel does not tell. */
export function stalledMs(text: string): number | null {
  const found = /^some .*\btotal=(\d+)$/m.exec(text);
  return found === null ? null : Number(found[1]) / 1000;
}

/** For how long a process had a core and waited for one so far, from its `schedstat`; null where the kernel does not tell. */
export function ownOf(text: string): PressureLook['own'] {
  const found = /^(\d+) (\d+) \d+$/.exec(text.trim());
  return found === null ? null : { ranMs: Number(found[1]) / 1e6, waitedMs: Number(found[2]) / 1e6 };
}

function read<T>(file: string, parse: (text: string) => T | null): T | null {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Null on a kernel without PSI. */
export function lookAtPressure(): PressureLook | null {
  const [cpuMs = null, memoryMs = null, ioMs = null] = ['cpu', 'memory', 'io'].map((resource) =>
    read(`/proc/pressure/${resource}`, stalledMs),
  );
  if (cpuMs === null || memoryMs === null || ioMs === null) return null;
  const own = read('/proc/self/schedstat', ownOf);
  return { kind: 'pressure', t: monoMs(), cpuMs, memoryMs, ioMs, own };
}

/** Looks again and again until it is closed, once more then. What cannot take a look ends it: it was not measured, and no more than that. */
export class PressureWatch {
  readonly #take: (look: PressureLook) => void;
  readonly #timer: NodeJS.Timeout;
  #over = false;

  constructor(take: (look: PressureLook) => void, everyMs = EVERY_MS) {
    this.#take = take;
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
    this.#look();
  }

  /** After a last look. */
  close(): void {
    this.#look();
    this.#end();
  }

  #end(): void {
    this.#over = true;
    clearInterval(this.#timer);
  }

  #look(): void {
    const look = this.#over ? null : lookAtPressure();
    if (look === null) return;
    try {
      this.#take(look);
    } catch {
      this.#end();
    }
  }
}
