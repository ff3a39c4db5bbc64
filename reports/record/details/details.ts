import type { Details } from '../history/history.ts';

const FIRST_BYTES = 1 << 14;
const FIRST_CAPACITY = 1024;

/**
 * Details of operations, kept as the bytes of the file: a million different texts cost no string and no map entry until one of them is
 * read.
 */
export class DetailColumn implements Details {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #used = 0;
  /** Where the detail of each operation ends. Without a detail, that is where the previous one ended. */
  #ends = new Float64Array(FIRST_CAPACITY);
  #count = 0;
  #size = 0;
  /** Operations with an empty detail: rare, and `#ends` cannot tell them from operations without one. */
  readonly #empty = new Set<number>();

  /** Adds an operation without a detail. */
  none(): void {
    if (this.#count === this.#ends.length) this.#growEnds();
    this.#ends[this.#count++] = this.#used;
  }

  /** Adds an operation whose detail is the UTF-8 text from `from` to `to` in `source`. */
  copy(source: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length === 0) this.#empty.add(this.#count);
    if (this.#used + length > this.#bytes.length) this.#growBytes(length);
    source.copy(this.#bytes, this.#used, from, to);
    this.#used += length;
    this.#size += 1;
    this.none();
  }

  get size(): number {
    return this.#size;
  }

  /** The detail of operation `index`; undefined when it has none. */
  get(index: number): string | undefined {
    if (index < 0 || index >= this.#count) return undefined;
    const from = index === 0 ? 0 : (this.#ends[index - 1] as number);
    const to = this.#ends[index] as number;
    if (from === to) return this.#empty.has(index) ? '' : undefined;
    return this.#bytes.toString('utf8', from, to);
  }

  #growEnds(): void {
    const larger = new Float64Array(this.#ends.length * 2);
    larger.set(this.#ends);
    this.#ends = larger;
  }

  #growBytes(atLeast: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#used + atLeast));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}
