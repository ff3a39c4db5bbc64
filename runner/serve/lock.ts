import { RequestError } from '../../suites/harness/request-error.ts';

export type LockMode = 'shared' | 'exclusive';

interface Waiter {
  holder: string;
  mode: LockMode;
  grant(): void;
}

/**
 * Readers share, `exclusive` is alone. First come, first served: a reader that comes after a waiting `exclusive` waits too,
 * so that nobody starves.
 */
export class SharedLock {
  readonly #holders = new Map<string, LockMode>();
  #queue: Waiter[] = [];

  /** @throws RequestError `aborted` when the signal fires first, `crash` when the holder holds it already. */
  async acquire(holder: string, mode: LockMode, signal: AbortSignal): Promise<void> {
    if (this.#holders.has(holder)) throw new RequestError(`${holder} holds the lock already`, 'crash');
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<null>();
    const waiter: Waiter = { holder, mode, grant: () => resolve(null) };
    const onAbort = () => {
      this.#queue = this.#queue.filter((other) => other !== waiter);
      reject(new RequestError(`${holder} no longer waits for the lock`, 'aborted'));
      this.#advance();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#queue.push(waiter);
    this.#advance();
    await promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** Does nothing when the holder has it no longer. */
  release(holder: string): void {
    if (this.#holders.delete(holder)) this.#advance();
  }

  #advance(): void {
    for (let first = this.#queue[0]; first && this.#fits(first.mode); first = this.#queue[0]) {
      this.#queue.shift();
      this.#holders.set(first.holder, first.mode);
      first.grant();
    }
  }

  #fits(mode: LockMode): boolean {
    if (this.#holders.size === 0) return true;
    return mode === 'shared' && [...this.#holders.values()].every((held) => held === 'shared');
  }
}
