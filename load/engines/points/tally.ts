/** The most frequent of many texts, in bounded memory. */

/** Texts that are told apart; an error that names a port would otherwise fill the memory. */
const MOST_KEPT = 1000;
const MOST_GIVEN = 50;
const OTHERS = 'others';

export class Tally {
  readonly #counts = new Map<string, number>();

  add(text: string, by = 1): void {
    const known = this.#counts.get(text);
    const key = known === undefined && this.#counts.size >= MOST_KEPT ? OTHERS : text;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  /** Most frequent first, at most 50. */
  top(): { error: string; count: number }[] {
    return [...this.#counts]
      .map(([error, count]) => ({ error, count }))
      .sort((a, b) => b.count - a.count || a.error.localeCompare(b.error))
      .slice(0, MOST_GIVEN);
  }
}
