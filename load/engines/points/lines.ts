/** Lines out of a stream of text, one at a time; nothing but the unfinished one is kept. */

/** A sample is about 300 bytes; what is longer than this is no line of k6's. */
const LONGEST = 1 << 20;

export class Lines {
  readonly #use: (line: string) => void;
  #rest = '';
  #skipping = false;
  /** Lines that were too long and left out. */
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

  /** What came after the last line break, once the stream has ended. */
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
