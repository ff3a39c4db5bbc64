import type { LogLevel } from '../api/thread.ts';

/** The same line at a high rate tells nothing more, and would cost what is measured. */
const MOST_OF_ONE_KIND = 10;
const MOST_KINDS = 1000;

/** Passes on what scripts log; of lines that differ only in numbers the first ten. */
export class RepeatedLog {
  readonly #seen = new Map<string, number>();
  readonly #say: (level: LogLevel, text: string) => void;

  constructor(say: (level: LogLevel, text: string) => void) {
    this.#say = say;
  }

  say(level: LogLevel, text: string): void {
    const kind = text.slice(0, 200).replace(/\d+/g, '0');
    if (this.#seen.size > MOST_KINDS) this.#seen.clear();
    const seen = (this.#seen.get(kind) ?? 0) + 1;
    this.#seen.set(kind, seen);
    // What a script prints on purpose is its own.
    if (level === 'info' || level === 'debug' || seen <= MOST_OF_ONE_KIND) this.#say(level, text);
    if (seen === MOST_OF_ONE_KIND && level !== 'info' && level !== 'debug')
      this.#say(level, 'further lines like the last one are not shown; they are counted');
  }
}
