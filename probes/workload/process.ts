import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
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
  /** Ends it gracefully; after the deadline with SIGKILL (its history is then without `workload-end`). */
  stop(deadlineMs: number): Promise<void>;
}

export interface WorkloadProcessOptions {
  onProgress?: ((progress: WorkloadProgress) => void) | undefined;
  /** Ends the workload gracefully when it fires. */
  signal?: AbortSignal | undefined;
}

/**
 * V8 stops everything to clear its space for new objects, and copies what is still in use there; with a hundred operations waiting for a
 * store that is gone, all of it is. A space of 64 MB took 8 to 17 ms, at an outage's edges, where lateness counts; of 2 MB, below 4 ms
 * (measured, two cores, Elasticsearch's client). What is copied twice moves to the old space: with room for 512 MB there, no trial of some
 * minutes comes to a whole collection, which takes 3 to 16 ms.
 */
const V8_OPTIONS = ['--max-semi-space-size=2', '--initial-old-space-size=512'];

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
