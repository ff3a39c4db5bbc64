/** One run of the k6 binary: started in a session of its own, stopped gently, then killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Exit } from './exit-codes.ts';
import { onPath } from './binary.ts';

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
    // Whoever kills the harness must not leave a load running that no one watches.
    const guard = process.platform === 'linux' ? onPath('setpriv', process.env.PATH ?? '') : null;
    const [file, ...args] =
      guard === null
        ? [command.file, ...command.args]
        : [guard, '--pdeathsig', 'KILL', command.file, ...command.args];
    // A terminal's Ctrl-C goes to the runner alone: k6 takes a second SIGINT as an order to stop at once.
    this.#child = spawn(file, args, { cwd: command.cwd, env: command.env, detached: true, stdio: 'pipe' });
    this.ended = this.#follow(command);
  }

  /** Asks k6 to stop as Ctrl-C does: no new iteration, teardown, summary; killed when it has not ended after `graceMs`. */
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
      // It has just ended.
    }
  }

  #follow(command: Command): Promise<Exit> {
    const { stdin, stdout, stderr } = this.#child;
    for (const [stream, use] of [
      [stdout, command.stdout],
      [stderr, command.stderr],
    ] as const)
      stream?.setEncoding('utf8').on('data', (text) => use(String(text)));
    // A k6 that ends before it has read its input must not bring this process down with EPIPE.
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
