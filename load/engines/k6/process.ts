/** One run of the k6 binary: started in its own session, stopped gracefully, then killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Exit } from './exit-codes.ts';
import { guarded } from './binary.ts';

export interface Command {
  file: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Standard input. */
  input: string;
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

export class K6Process {
  readonly ended: Promise<Exit>;
  readonly #child: ChildProcess;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(command: Command) {
    const { file, args } = guarded(command.file, command.args);
    // Detached, so that Ctrl-C in a terminal reaches only the runner: on a second SIGINT k6 would stop at once.
    this.#child = spawn(file, args, { cwd: command.cwd, env: command.env, detached: true, stdio: 'pipe' });
    this.ended = this.#follow(command);
  }

  /** Sends SIGINT: k6 starts no new iteration, then runs teardown and summary. After `graceMs` it is killed. */
  interrupt(graceMs: number): void {
    if (this.#over) return;
    this.#child.kill('SIGINT');
    this.#timer ??= setTimeout(() => this.kill(), graceMs);
  }

  kill(): void {
    const { pid } = this.#child;
    if (this.#over || pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The process has just ended.
    }
  }

  #follow(command: Command): Promise<Exit> {
    const { stdin, stdout, stderr } = this.#child;
    for (const [stream, use] of [
      [stdout, command.stdout],
      [stderr, command.stderr],
    ] as const)
      stream?.setEncoding('utf8').on('data', (text) => use(String(text)));
    // If k6 ends before it has read its input, EPIPE must not crash this process.
    stdin?.on('error', () => undefined);
    stdin?.end(command.input);
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.#over = true;
        clearTimeout(this.#timer);
      };
      this.#child.once('error', (cause) => {
        over();
        reject(new Error(`${command.file} cannot be started: ${cause.message}`, { cause }));
      });
      this.#child.once('close', (code, signal) => {
        over();
        resolve({ code, signal });
      });
    });
  }
}
