/** Runs a tool to its end, alone or as `one | other`. An error holds the command, its exit code and the end of its stderr. */
import { spawn, type ChildProcess } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { run } from '../../../host/run.ts';

export interface ExecOptions {
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const STEP_DEADLINE_MS = 600_000; // a download over a slow line is the longest of them
const KEPT_BYTES = 4096; // enough of stderr to see the cause

/** Runs one command and returns its standard output. */
export async function exec(
  command: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<string> {
  return await run([command, ...args], { timeoutMs: STEP_DEADLINE_MS, ...options });
}

function finished(child: ChildProcess, what: string): Promise<void> {
  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-KEPT_BYTES);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new Error(`could not run ${what}: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${what} ended with ${signal ?? `exit ${String(code)}`}: ${tail.trim()}`));
    });
  });
}

/** Runs `from | to`, both to success. */
export async function execPipe(
  from: readonly string[],
  to: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const [fromCommand = '', ...fromArgs] = from;
  const [toCommand = '', ...toArgs] = to;
  const options = signal === undefined ? {} : { signal };
  const source = spawn(fromCommand, fromArgs, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const sink = spawn(toCommand, toArgs, { ...options, stdio: ['pipe', 'ignore', 'pipe'] });
  await Promise.all([
    finished(source, from.slice(0, 3).join(' ')),
    finished(sink, to.slice(0, 3).join(' ')),
    pipeline(source.stdout, sink.stdin).catch(() => undefined), // the exit codes of the two say more than an error of the pipe
  ]);
}
