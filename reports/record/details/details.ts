import type { Details } from '../history/history.ts';

const FIRST_BYTES = 1 << 14;
const FIRST_CAPACITY = 1024;

/**
 * Details of operations as the bytes that they have in the file: a million of them, each another text, must cost neither a string nor
 * an entry of a map before somebody asks for one.
 */
export class DetailColumn implements Details {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #used = 0;
  /** Of each operation: where its detail ends. Where there is none, that is where the one before ended. */
  #ends = new Float64Array(FIRST_CAPACITY);
  #count = 0;
  #size = 0;
  /** Empty details are rare, and in the bytes not to be told from none. */
  readonly #empty = new Set<number>();

  /** The next operation has none. */
  none(): void {
    if (this.#count === this.#ends.length) this.#growEnds();
    this.#ends[this.#count++] = this.#used;
  }

  /** The next operation has the text that lies from `from` to `to` in `source`, as UTF-8. */
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
