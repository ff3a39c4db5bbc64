import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A child of the runner in a session of its own: a signal of the terminal must not end the observer. */
export interface Child {
  readonly pid: number;
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** Gives it a further line of input; nothing where it has ended. */
  tell(message: unknown): void;
  /** Ends it gracefully, with a last input line that may give the reason; after the deadline with SIGKILL. */
  stop(deadlineMs: number, last?: string): Promise<void>;
}

export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of its stderr, at most 4,000 characters. */
  error: string;
}

export interface ChildOptions {
  nodeOptions?: readonly string[];
  /** Each line of its standard output, parsed. */
  onMessage?: (message: unknown) => void;
  /** Ends it gracefully when it fires. */
  signal?: AbortSignal | undefined;
}

const KEPT = 4_000;

/** Starts `entry` under this Node, with `config` as the first line of its input. Closing the input asks it to end. */
export function startChild(entry: string, config: unknown, options: ChildOptions = {}): Child {
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), entry], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // A child that ends early closes its pipes; its exit says why.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(config)}\n`);
  let error = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error = (error + text).slice(-KEPT)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = parsed(line);
    if (message !== undefined) options.onMessage?.(message);
  });
  const ended = endOf(child, () => error);
  const end = (): void => void child.stdin.end();
  if (options.signal?.aborted === true) end();
  else options.signal?.addEventListener('abort', end, { once: true });
  return {
    pid: child.pid ?? -1,
    ended,
    tell: (message) => {
      if (child.stdin.writable) child.stdin.write(`${JSON.stringify(message)}\n`);
    },
    stop: async (deadlineMs, last) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      child.stdin.end(last === undefined ? '' : `${last}\n`);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The last line of a child that was killed is cut off: undefined. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function endOf(child: ChildProcess, error: () => string): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('error', (cause) => resolve({ code: null, signal: null, error: cause.message }));
    child.once('close', (code, signal) => resolve({ code, signal, error: error() }));
  });
}

/** Why a child says that it ended: `{"error": "…"}` as the last line of stderr. */
export function lastError({ error }: ChildEnd): string {
  const last = error.trim().split('\n').at(-1) ?? '';
  try {
    return (JSON.parse(last) as { error: string }).error;
  } catch {
    return last === '' ? 'it said nothing' : last;
  }
}
