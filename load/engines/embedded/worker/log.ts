import type { LogLevel } from '../api/thread.ts';

/** Repeating a line at a high rate adds no information, and logging it would distort the measurement. */
const MOST_OF_ONE_KIND = 10;
const MOST_KINDS = 1000;

/** Passes on what scripts log. Of warnings and errors that differ only in numbers, only the first ten. */
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
    // `info` and `debug` lines are printed by the script on purpose: all are kept.
    if (level === 'info' || level === 'debug' || seen <= MOST_OF_ONE_KIND) this.#say(level, text);
    if (seen === MOST_OF_ONE_KIND && level !== 'info' && level !== 'debug')
      this.#say(level, 'further lines like the last one are not logged');
  }
}
