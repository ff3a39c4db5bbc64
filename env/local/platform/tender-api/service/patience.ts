/** Decides when to pause the use of a server that does not answer. Times are from one monotonic clock, ms. */
export class Patience {
  readonly #forMs: number;
  #failingSinceMs: number | null = null;
  #pausedUntilMs = 0;

  /** @param forMs failures for longer than this, without a success in between, cause a pause of the same length */
  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  pauses(nowMs: number): boolean {
    return nowMs < this.#pausedUntilMs;
  }

  succeeded(): void {
    this.#failingSinceMs = null;
  }

  /** @returns how long it has been failing, ms; 0 for the first failure after a success */
  failed(nowMs: number): number {
    this.#failingSinceMs ??= nowMs;
    const forMs = nowMs - this.#failingSinceMs;
    if (forMs >= this.#forMs) this.#pausedUntilMs = nowMs + this.#forMs;
    return forMs;
  }
}
