import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';

export interface StepResult {
  exitCode: number;
  output: string;
  durationMs: number;
}

export interface StepOptions {
  /** Also print the output while the step runs. */
  live?: boolean;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
}

/** A third of what a small test takes is that the types of its modules are stripped and the rest is compiled: Node keeps both, by content. Where cli/plumbline.mjs keeps them. */
const COMPILED = path.resolve(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'node');
/** After SIGTERM a child may clean up this long before it is killed. */
const GRACE_MS = 45_000;

/** Ends the whole process group of a child when the signal aborts. Returns a function that removes the listener. */
function endOnAbort(child: ChildProcess, signal: AbortSignal | undefined): () => void {
  const send = (name: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // The group has ended already.
    }
  };
  let killer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    send('SIGTERM');
    killer = setTimeout(() => send('SIGKILL'), GRACE_MS);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return () => {
    clearTimeout(killer);
    signal?.removeEventListener('abort', onAbort);
  };
}

/** Runs a program in a process group of its own and resolves when it has ended. The exit code is 127 if it cannot start. */
export function runStep(
  command: readonly [string, ...string[]],
  options: StepOptions = {},
): Promise<StepResult> {
  const started = performance.now();
  const [file, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED, ...options.env },
    });
    const stop = endOnAbort(child, options.signal);
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      if (options.live === true) process.stdout.write(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const end = (code: number): void => {
      stop();
      resolve({ exitCode: code, output, durationMs: performance.now() - started });
    };
    child.on('error', (error) => {
      output += `${error.message}\n`;
      end(127);
    });
    child.on('close', (code) => {
      end(code ?? 1);
    });
  });
}

/** `4.3`: minutes, to tenths. */
export function minutesText(ms: number): string {
  return (ms / 60_000).toFixed(1);
}
