/** Counts texts in bounded memory, and lists the most frequent ones. */

/** Texts that contain ids or ports all differ. */
const MOST_KEPT = 1000;
const MOST_GIVEN = 50;
const LONGEST = 300;
const OTHERS = 'others';

export class Tally {
  readonly #counts = new Map<string, number>();

  /** @returns how often it was seen so far */
  add(text: string, by = 1): number {
    const short = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
    const key = this.#counts.has(short) || this.#counts.size < MOST_KEPT ? short : OTHERS;
    const count = (this.#counts.get(key) ?? 0) + by;
    this.#counts.set(key, count);
    return count;
  }

  /** The most frequent texts with their counts, at most 50: `12 × status 502`. */
  top(): string[] {
    return [...this.#counts]
      .sort(([a, more], [b, less]) => less - more || a.localeCompare(b))
      .slice(0, MOST_GIVEN)
      .map(([text, count]) => `${count} × ${text}`);
  }
}
