/**
 * How many connections a client load may be opening at once. Pools of applications fill one by one, or by a few. Without a limit each operation
 * that missed its deadline opens one more, and where a login costs ten times a write (TLS, SCRAM, a process of the server) a small machine
 * never gets over it: a PostgreSQL that its clients asked for 50 writes a second did not fail over in 200 s (measured 2026-11-29).
 */
const MOST_OPENING = 4;

/** Lets so many in at once, the others in the order in which they came. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(most = MOST_OPENING) {
    this.#free = most;
  }

  /** Resolves when one may go in; true: it had to wait. Each that went in has to leave. */
  async enter(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return false;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
