type Take<Look> = (look: Look) => void;

/** Whoever is told of each look at something. A timer runs while there is somebody. */
export class Followers<Look> {
  readonly #all = new Set<Take<Look>>();
  readonly #everyMs: number;
  readonly #onTime: () => void;
  readonly #onNobody: () => void;
  #timer: NodeJS.Timeout | null = null;

  /**
   * @param onTime every so often, while somebody follows
   * @param onNobody when the last has left
   */
  constructor(everyMs: number, onTime: () => void, onNobody: () => void = () => undefined) {
    this.#everyMs = everyMs;
    this.#onTime = onTime;
    this.#onNobody = onNobody;
  }

  has(take: Take<Look>): boolean {
    return this.#all.has(take);
  }

  /** @param take whoever cannot take a look gets no more: it was not measured, and no more than that */
  join(take: Take<Look>): void {
    this.#all.add(take);
    this.#timer ??= setInterval(this.#onTime, this.#everyMs).unref();
  }

  leave(take: Take<Look>): void {
    this.#all.delete(take);
    if (this.#all.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#onNobody();
  }

  tell(look: Look): void {
    for (const take of [...this.#all]) {
      try {
        take(look);
      } catch {
        this.leave(take);
      }
    }
  }
}
