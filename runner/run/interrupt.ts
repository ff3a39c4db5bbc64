import { SIGNAL_EXITS } from '../../host/errors.ts';
import type { InterruptSignal } from '../../host/errors.ts';
import { onInterrupts } from '../../host/interrupts.ts';

/**
 * Ctrl-C, SIGTERM, or a terminal that is gone: the first asks for an orderly end, a second Ctrl-C or SIGTERM ends at once, as `onInterrupts`
 * counts them.
 */
export class Interrupt {
  readonly #stop = new AbortController();
  readonly #close: () => void;
  #name: InterruptSignal | null = null;

  /** Starts listening. `say` tells people what the first signal does. */
  constructor(say: (line: string) => void) {
    this.#close = onInterrupts({
      first: (name) => {
        this.#name = name;
        say(
          `${name}: undoing what was done and writing the results so far; another Ctrl-C or SIGTERM, more than a second later, stops at once.`,
        );
        this.#stop.abort(new Error(`interrupted by ${name}`));
      },
      again: (name) => {
        say(
          'Stopped at once. `plumbline restore --env NAME` or the next run undoes what this run has left open.',
        );
        // Children in sessions of their own end when their socket or standard input closes with this process.
        process.exit(SIGNAL_EXITS[name]);
      },
    });
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get name(): InterruptSignal | null {
    return this.#name;
  }

  /** 129, 130 or 143; undefined when nothing was interrupted. */
  get exitCode(): number | undefined {
    return this.#name === null ? undefined : SIGNAL_EXITS[this.#name];
  }

  close(): void {
    this.#close();
  }
}
