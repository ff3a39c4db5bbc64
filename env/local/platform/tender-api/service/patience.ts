/** When to leave alone what does not answer. Times are of one monotonic clock, ms. */
export class Patience {
  readonly #forMs: number;
  #failingSinceMs: number | null = null;
  #pausedUntilMs = 0;

  /** @param forMs failures for longer than this, with no success between, make a pause of the same length */
  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  pauses(nowMs: number): boolean {
    return nowMs < this.#pausedUntilMs;
  }

  succeeded(): void {
    this.#failingSinceMs = null;
  }

  /** @returns since when it has been failing, ms ago; 0 for the first failure after a success */
  failed(nowMs: number): number {
    this.#failingSinceMs ??= nowMs;
    const forMs = nowMs - this.#failingSinceMs;
    if (forMs >= this.#forMs) this.#pausedUntilMs = nowMs + this.#forMs;
    return forMs;
  }
}
