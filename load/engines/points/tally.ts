/** Counts texts in bounded memory, and lists the most frequent ones. */

/** Maximum of different texts; errors that contain a port number would otherwise fill the memory. */
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

  /** The most frequent texts, at most 50, most frequent first. */
  top(): { error: string; count: number }[] {
    return [...this.#counts]
      .map(([error, count]) => ({ error, count }))
      .sort((a, b) => b.count - a.count || a.error.localeCompare(b.error))
      .slice(0, MOST_GIVEN);
  }
}
