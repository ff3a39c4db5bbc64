type Take<Look> = (look: Look) => void;

/** Followers that get every look at something. A timer runs while there is at least one. */
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

  /** @param take a follower that throws gets no more looks: its pressure is then not measured */
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
