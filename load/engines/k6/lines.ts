/** Splits a stream of text into lines; keeps only the unfinished line. */

/** A sample has about 300 bytes; a line longer than this is not from k6, and is skipped. */
const LONGEST = 1 << 20;

export class Lines {
  readonly #use: (line: string) => void;
  #rest = '';
  #skipping = false;
  /** Number of lines skipped because they were too long. */
  skipped = 0;

  constructor(use: (line: string) => void) {
    this.#use = use;
  }

  push(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      this.#line(this.#rest + text.slice(from, end));
      this.#rest = '';
      from = end + 1;
    }
    this.#rest += text.slice(from);
    if (this.#rest.length > LONGEST) {
      this.#rest = '';
      if (!this.#skipping) this.skipped++;
      this.#skipping = true;
    }
  }

  /** To be called at the end of the stream: takes the text after the last line break. */
  end(): void {
    this.#line(this.#rest);
    this.#rest = '';
  }

  #line(line: string): void {
    const skip = this.#skipping;
    this.#skipping = false;
    if (!skip && line.trim() !== '') this.#use(line);
  }
}
