import { execFile, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { patient } from './patience.ts';
import { asError } from '../reports/record/error-text.ts';

/** What a finished command left behind. `code` is null when a signal ended it. */
export type CommandResult = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** What ends early when its signal fires. */
export type Signalled = { readonly signal?: AbortSignal | undefined };

/** How a command is run. The deadline is required, so that nothing waits forever. */
export type RunOptions = Signalled & {
  /** Multiplied by `PLUMBLINE_PATIENCE` on a slow machine (patience.ts). */
  readonly timeoutMs: number;
  readonly input?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
  /** Called with its pid as soon as it has started. */
  readonly onSpawn?: ((pid: number) => void) | undefined;
};

/** A command that did not end with exit code 0 in time. */
export class CommandError extends Error {
  readonly argv: readonly string[];
  readonly result: CommandResult;
  readonly timedOut: boolean;

  constructor(argv: readonly string[], result: CommandResult, timeoutMs: number | null) {
    const how =
      timeoutMs === null
        ? `exit ${result.code ?? result.signal ?? '?'}`
        : `did not end within ${timeoutMs} ms`;
    const said = (result.stderr.trim() || result.stdout.trim()).slice(-2000);
    super(`${argv.join(' ').slice(0, 400)}: ${how}${said === '' ? '' : `\n${said}`}`);
    this.name = 'CommandError';
    this.argv = argv;
    this.result = result;
    this.timedOut = timeoutMs !== null;
  }
}

/** Limit of a command's output; enough for `kubectl get -o json` of a whole cluster. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a command without a shell and returns its result, whatever the exit code.
 * @throws CommandError only when the deadline passed; the abort reason when the signal fired.
 */
export function runAny(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
  const [file = '', ...args] = argv;
  const timeout = patient(options.timeoutMs);
  options.signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      {
        timeout,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        env: options.env ?? process.env,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (options.signal?.aborted === true) {
          reject(asError(options.signal.reason));
          return;
        }
        const result: CommandResult = { code: child.exitCode, signal: child.signalCode, stdout, stderr };
        if (error !== null && child.exitCode === null && child.signalCode === null) reject(asError(error));
        else if (error?.killed === true) reject(new CommandError(argv, result, timeout));
        else resolve(result);
      },
    );
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
    // A child that ends before it has read its input causes EPIPE here, which must not crash this process.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/**
 * Runs a command that must succeed and returns its standard output.
 * @throws CommandError when its exit code is not 0 or it passes its deadline.
 */
export async function run(argv: readonly string[], options: RunOptions): Promise<string> {
  const result = await runAny(argv, options);
  if (result.code !== 0) throw new CommandError(argv, result, null);
  return result.stdout;
}

/**
 * Variables by which a CI server finds whatever a job has started, and ends it with the job, its session notwithstanding: GitHub Actions
 * (JobExtension.cs), Azure Pipelines (the same), Jenkins (ProcessTreeKiller; in pipelines the node's cookie).
 */
const JOB_MARKERS: readonly string[] = [
  'RUNNER_TRACKING_ID',
  'VSTS_PROCESS_LOOKUP_ID',
  'BUILD_ID',
  'HUDSON_SERVER_COOKIE',
  'JENKINS_SERVER_COOKIE',
  'JENKINS_NODE_COOKIE',
];

/** Variables for a process that must outlive the CI job which starts it. */
export function withoutJobMarkers(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !JOB_MARKERS.includes(name)));
}

/** Starts a process in a session of its own that outlives this one; its output goes to `logFile`. Returns its pid. */
export function startDetached(
  argv: readonly string[],
  logFile: string,
  env: NodeJS.ProcessEnv = process.env,
): number {
  const [file = '', ...args] = argv;
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], env, cwd: '/' });
    child.on('error', () => undefined);
    child.unref();
    if (child.pid === undefined)
      throw new Error(`${file}: cannot be started (is it installed?); log: ${logFile}`);
    return child.pid;
  } finally {
    closeSync(log);
  }
}

/**
 * As `startDetached`, for a process that must outlive a CI job: this process is not its parent. Jenkins ends a job that is aborted process by
 * process, and with each the children that it has then. A shell starts it and ends at once, so that init takes it over.
 */
export function startDaemon(argv: readonly string[], logFile: string, env: NodeJS.ProcessEnv): void {
  startDetached(['/bin/sh', '-c', '"$@" &', 'sh', ...argv], logFile, env);
}

/** Whether PATH has an executable with this name. */
export function onPath(tool: string): boolean {
  return pathOf(tool) !== undefined;
}

/** The file that PATH resolves this name to. */
export function pathOf(tool: string, path = process.env['PATH'] ?? ''): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, tool))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
