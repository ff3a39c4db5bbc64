/** Runs a tool to its end; errors say which command, its exit and the end of what it wrote. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { pipeline } from 'node:stream/promises';

export interface ExecOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly input?: string;
}

const KEPT_BYTES = 4096; // enough of stderr to see the cause

function finished(child: ChildProcess, what: string, tail: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => { reject(new Error(`could not run ${what}: ${cause.message}`, { cause })); });
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${what} ended with ${signal ?? `exit ${String(code)}`}: ${tail().trim()}`));
    });
  });
}

function keepTail(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => { tail = (tail + chunk.toString()).slice(-KEPT_BYTES); });
  return () => tail;
}

/** Runs one command and returns its standard output. */
export async function exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const spawnOptions: SpawnOptions = { cwd: options.cwd, env: options.env, signal: options.signal };
  const child = spawn(command, args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => { chunks.push(chunk); });
  child.stdin.on('error', () => undefined); // a command that does not read its input is no failure
  child.stdin.end(options.input ?? '');
  await finished(child, [command, ...args.slice(0, 3)].join(' '), keepTail(child));
  return Buffer.concat(chunks).toString();
}

/** Runs `from | to`, both to success. */
export async function execPipe(from: readonly string[], to: readonly string[], signal?: AbortSignal): Promise<void> {
  const [fromCommand = '', ...fromArgs] = from;
  const [toCommand = '', ...toArgs] = to;
  const source = spawn(fromCommand, fromArgs, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const sink = spawn(toCommand, toArgs, { stdio: ['pipe', 'ignore', 'pipe'], signal });
  await Promise.all([
    finished(source, from.slice(0, 3).join(' '), keepTail(source)),
    finished(sink, to.slice(0, 3).join(' '), keepTail(sink)),
    pipeline(source.stdout, sink.stdin).catch(() => undefined), // the two exits tell more than the broken pipe between them
  ]);
}
