import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TIDY } from './config.ts';
import type { WorkloadInput } from './config.ts';
import type { WorkloadProgress } from './engine.ts';

const ENTRY = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface WorkloadProcess {
  readonly pid: number;
  /** Writing has begun. Rejects when the process ended before, with what it said. */
  readonly ready: Promise<void>;
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; error: string }>;
  /** The last progress that it told, every 250 ms. */
  progress(): WorkloadProgress | null;
  /** Lets it clear its space for new objects now, some ms long, rather than when it matters that it is on time. */
  tidy(): void;
  /** Ends it gracefully; after the deadline with SIGKILL (its history is then without `workload-end`). */
  stop(deadlineMs: number): Promise<void>;
}

export interface WorkloadProcessOptions {
  onProgress?: ((progress: WorkloadProgress) => void) | undefined;
  /** Ends the workload gracefully when it fires. */
  signal?: AbortSignal | undefined;
}

/**
 * V8 stops everything to clear its space for new objects, 5 to 15 ms with a hundred operations waiting for a store that is gone: lateness at an
 * outage's edges came from there. It starts that space at 1 MB and lets it grow; at 64 MB from the start it is cleared every 5 s with the
 * greediest client (Neo4j's, 10 MB/s) and every half minute with others. Cleared right before a fault, it is quiet when the outage begins.
 */
const V8_OPTIONS = ['--min-semi-space-size=64', '--max-semi-space-size=64', '--expose-gc'];

/** Starts the workload as a process in a session of its own: a signal of the terminal must not end what is being observed. */
export function startWorkload(config: WorkloadInput, options: WorkloadProcessOptions = {}): WorkloadProcess {
  const child = spawn(process.execPath, [...V8_OPTIONS, ENTRY], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // A child that ends early closes its pipes; its exit says why.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(config)}\n`);
  let error = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error = (error + text).slice(-4000)));
  let progress: WorkloadProgress | null = null;
  const ready = Promise.withResolvers<undefined>();
  ready.promise.catch(() => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as { ready?: true; progress?: WorkloadProgress };
    if (message.ready === true) ready.resolve(undefined);
    if (message.progress === undefined) return;
    progress = message.progress;
    options.onProgress?.(progress);
  });
  const ended = endOf(child, () => error);
  void ended.then((end) =>
    ready.reject(new Error(`workload ended (${end.code ?? end.signal}): ${said(end.error)}`)),
  );
  options.signal?.addEventListener('abort', () => child.stdin.end(), { once: true });
  return {
    pid: child.pid ?? -1,
    ready: ready.promise,
    ended,
    progress: () => progress,
    tidy: () => {
      child.stdin.write(`${TIDY}\n`);
    },
    stop: async (deadlineMs) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      child.stdin.end();
      await ended;
      clearTimeout(timer);
    },
  };
}

function endOf(child: ChildProcess, error: () => string): WorkloadProcess['ended'] {
  return new Promise((resolve) => {
    child.once('error', (cause) => resolve({ code: null, signal: null, error: cause.message }));
    child.once('close', (code, signal) => resolve({ code, signal, error: error() }));
  });
}

function said(stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  try {
    return (JSON.parse(last) as { error: string }).error;
  } catch {
    return last === '' ? 'it said nothing' : last;
  }
}
