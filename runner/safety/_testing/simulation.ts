/**
 * For unit tests only: processes of several machines inside this one. Each has a process id, a host name and a clock that passes only while all
 * of them wait, and may be killed between any two of its steps: what it has begun is never answered then.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import timers from 'node:timers/promises';

/** Above the highest number that Linux gives. */
const FIRST_PID = 5_000_000;
/** No command of a person takes longer. */
const HANGS_AFTER_MS = 3_600_000;

export type SimulatedProcess = { readonly pid: number; readonly machine: string; alive: boolean };

/** What became of what a process was to do; `died`: it was killed meanwhile. */
export type Ended<T> = { readonly value: T } | { readonly error: unknown } | 'died';

type Sleeper = { readonly atMs: number; readonly process: SimulatedProcess; readonly wake: () => void };

export type SimulationOptions = {
  /** A daemon that a process starts, by its command line. */
  readonly daemon: (argv: readonly string[]) => Promise<void>;
  /** A command that a process runs to its end. @returns what it prints */
  readonly command: (argv: readonly string[]) => Promise<string>;
};

export class Simulation {
  #nowMs = 1_000_000;
  readonly #options: SimulationOptions;
  readonly #current = new AsyncLocalStorage<SimulatedProcess>();
  readonly #processes = new Map<number, SimulatedProcess>();
  readonly #sleepers = new Set<Sleeper>();

  constructor(options: SimulationOptions) {
    this.#options = options;
  }

  start(machine: string): SimulatedProcess {
    const process = { pid: FIRST_PID + this.#processes.size, machine, alive: true };
    this.#processes.set(process.pid, process);
    return process;
  }

  /** The process whose code runs now. */
  get running(): SimulatedProcess | undefined {
    return this.#current.getStore();
  }

  on(machine: string): SimulatedProcess[] {
    return [...this.#processes.values()].filter((one) => one.alive && one.machine === machine);
  }

  kill(process: SimulatedProcess): void {
    process.alive = false;
    for (const one of this.#sleepers) if (one.process === process) this.#sleepers.delete(one);
  }

  /** Starts a process that runs beside all others. */
  spawn(machine: string, body: () => Promise<void>): SimulatedProcess {
    const process = this.start(machine);
    const end = (): void => this.kill(process);
    this.#current.run(process, () => void body().then(end, end));
    return process;
  }

  /** Lets a process do something, and time pass until it is done. */
  async run<T>(process: SimulatedProcess, body: () => Promise<T>): Promise<Ended<T>> {
    const of: { ended?: Ended<T> } = {};
    this.#current.run(process, () => {
      body().then(
        (value) => (of.ended = { value }),
        (error: unknown) => (of.ended = { error }),
      );
    });
    const until = this.#nowMs + HANGS_AFTER_MS;
    for (;;) {
      await turn();
      if (of.ended !== undefined) return of.ended;
      if (!process.alive) return 'died';
      this.#wake(until);
    }
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await turn();
    while ((this.#next()?.atMs ?? Infinity) <= until) {
      this.#wake(until);
      await turn();
    }
    this.#nowMs = until;
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const one of this.#sleepers) if (one.atMs < (first?.atMs ?? Infinity)) first = one;
    return first;
  }

  #wake(until: number): void {
    const next = this.#next();
    if (next === undefined || next.atMs > until) throw new Error('a process waits for what never comes');
    this.#sleepers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.wake();
  }

  #sleep(process: SimulatedProcess, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const cut = (): void => {
        this.#sleepers.delete(one);
        reject(new Error('the wait was cut off'));
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', cut);
        resolve();
      };
      const one = { atMs: this.#nowMs + Math.max(1, ms), process, wake };
      if (signal?.aborted === true) reject(new Error('the wait was cut off'));
      else if (process.alive) this.#sleepers.add(one);
      signal?.addEventListener('abort', cut, { once: true });
    });
  }

  /** Puts clock, process ids and host names of the simulation in the place of the real ones, for code of its processes alone. */
  install(): () => void {
    const { readFileSync, fsyncSync } = fs;
    const { spawn, execFile } = childProcess;
    const sleep = timers.setTimeout;
    const { hostname } = os;
    const { hrtime } = process;
    const kill = process.kill.bind(process);
    const now = performance.now.bind(performance);
    const { log, error } = console;
    const pid = Object.getOwnPropertyDescriptor(process, 'pid') ?? {};
    const self = process.pid;
    const undo: (() => void)[] = [];
    const put = (target: object, key: string, value: unknown): void => {
      const before: unknown = Reflect.get(target, key);
      Reflect.set(target, key, value);
      undo.push(() => void Reflect.set(target, key, before));
    };
    put(timers, 'setTimeout', (ms = 1, value?: unknown, options: { signal?: AbortSignal } = {}) =>
      this.running === undefined ? sleep(ms, value, options) : this.#sleep(this.running, ms, options.signal),
    );
    put(process, 'hrtime', () =>
      this.running === undefined ? hrtime() : [Math.floor(this.#nowMs / 1000), (this.#nowMs % 1000) * 1e6],
    );
    put(performance, 'now', () => (this.running === undefined ? now() : this.#nowMs));
    put(os, 'hostname', () => this.running?.machine ?? hostname());
    put(process, 'kill', (of: number, signal?: NodeJS.Signals) => {
      const found = this.#processes.get(of);
      if (found === undefined) return kill(of, signal);
      this.kill(found);
      return true;
    });
    put(
      fs,
      'readFileSync',
      (...given: Parameters<typeof fs.readFileSync>) => this.#procStat(given[0]) ?? readFileSync(...given),
    );
    // A process is killed here, never the machine: what was written is on the disk.
    put(fs, 'fsyncSync', (fd: number) => (this.running === undefined ? fsyncSync(fd) : undefined));
    put(childProcess, 'spawn', (...given: Parameters<typeof spawn>) =>
      this.running === undefined ? spawn(...given) : this.#daemon(this.running, given[1]),
    );
    put(childProcess, 'execFile', (...given: Parameters<typeof execFile>) =>
      this.running === undefined ? execFile(...given) : this.#command(given as unknown as Executed),
    );
    // What the undo Job says is in its log.
    put(console, 'log', (...said: unknown[]) => (this.running === undefined ? log(...said) : undefined));
    put(console, 'error', (...said: unknown[]) => (this.running === undefined ? error(...said) : undefined));
    Object.defineProperty(process, 'pid', { configurable: true, get: () => this.running?.pid ?? self });
    syncBuiltinESMExports();
    return () => {
      for (const one of undo.toReversed()) one();
      Object.defineProperty(process, 'pid', pid);
      syncBuiltinESMExports();
    };
  }

  /** What /proc tells of a simulated process; null: it is another file. @throws Error where none of that number is alive on this machine */
  #procStat(path: unknown): string | null {
    const of = typeof path === 'string' ? /^\/proc\/(\d+)\/stat$/.exec(path)?.[1] : undefined;
    if (this.running === undefined || of === undefined) return null;
    const found = this.#processes.get(Number(of));
    if (found?.alive !== true || found.machine !== this.running.machine)
      throw new Error(`ENOENT: no such file or directory, open '/proc/${of}/stat'`);
    return `${of} (plumbline) S ${'0 '.repeat(18)}${of}`;
  }

  #daemon(by: SimulatedProcess, argv: readonly string[]): object {
    const { pid } = this.spawn(by.machine, () => this.#options.daemon(argv));
    return { pid, on: () => undefined, unref: () => undefined };
  }

  #command([file, args, , callback]: Executed): object {
    void this.#options.command([file, ...args]).then((printed) => callback(null, printed, ''));
    return { exitCode: 0, signalCode: null };
  }
}

type Executed = [
  file: string,
  args: readonly string[],
  options: object,
  callback: (error: null, stdout: string, stderr: string) => void,
];

/** Until every process waits: no step of them takes longer than the turn of the event loop that it is taken in. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
