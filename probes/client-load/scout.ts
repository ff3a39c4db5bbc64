import { monoMs } from '../../host/clock.ts';

/**
 * How long others may be held back behind one that connects, ms: three times what a login and a first write take on two
 * cores. A server that accepts and then says nothing must not hold back more than that.
 */
const HOLD_MS = 20;

interface Ahead {
  who: object;
  sinceMs: number;
  left: PromiseWithResolvers<undefined>;
}

/**
 * While a store is known to refuse, operations connect one at a time. When it is back, the first connection then has the
 * server to itself until its operation is answered: logins at once cost each other several milliseconds, and the first
 * answer is what shows the end of the outage. Who waits has asked the store nothing yet, so nothing is claimed of that time.
 */
export class Scout {
  readonly #holdMs: number;
  #refusing = false;
  #ahead: Ahead | null = null;

  constructor(holdMs = HOLD_MS) {
    this.#holdMs = holdMs;
  }

  /** The last attempt to connect was refused at once, and nothing was answered since. */
  get refusing(): boolean {
    return this.#refusing;
  }

  /** An attempt to connect has failed. */
  seen(refused: boolean): void {
    this.#refusing = refused;
  }

  /** An operation was answered: everyone may connect. */
  answered(): void {
    this.#refusing = false;
  }

  /** Resolves when `who` may connect, at the latest after the longest hold; true: it had to wait. */
  async turn(who: object): Promise<boolean> {
    const endMs = monoMs() + this.#holdMs;
    let waited = false;
    while (this.#refusing && this.#ahead !== null && this.#ahead.who !== who) {
      const leftMs = Math.min(endMs, this.#ahead.sinceMs + this.#holdMs) - monoMs();
      if (leftMs <= 0) break;
      waited = true;
      await within(this.#ahead.left.promise, leftMs);
    }
    if (this.#refusing && this.#ahead?.who !== who) {
      this.#ahead?.left.resolve(undefined);
      this.#ahead = { who, sinceMs: monoMs(), left: Promise.withResolvers() };
    }
    return waited;
  }

  /** `who` was refused, or its operation is over. */
  leave(who: object): void {
    if (this.#ahead?.who !== who) return;
    this.#ahead.left.resolve(undefined);
    this.#ahead = null;
  }
}

async function within(promise: Promise<undefined>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
