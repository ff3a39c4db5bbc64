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

  failed(nowMs: number): void {
    this.#failingSinceMs ??= nowMs;
    if (nowMs - this.#failingSinceMs >= this.#forMs) this.#pausedUntilMs = nowMs + this.#forMs;
  }
}
