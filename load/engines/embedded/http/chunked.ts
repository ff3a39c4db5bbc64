import { malformed } from './head.ts';

const LF = 10;
const CR = 13;
/** Limit for a size line with its extensions, and for a trailer line. */
const MAX_LINE = 16_384;
/** RFC 9112, section 7.1: the size, then extensions, which are ignored. */
const SIZE = /^([0-9a-fA-F]{1,12})[ \t]*(?:;[^\r\n]*)?$/;

/** Decodes a chunked body (RFC 9112, section 7.1) from pieces that may be split anywhere. */
export class ChunkedReader {
  #state: 'size' | 'data' | 'after data' | 'trailer' = 'size';
  #line = '';
  #left = 0;

  /** @returns where the body ends in these bytes; -1: more is to come. @throws RequestError for anything malformed */
  read(bytes: Buffer, keep: (part: Buffer) => void): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#left);
        keep(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = 'after data';
        continue;
      }
      const lf = bytes.indexOf(LF, at);
      const end = lf < 0 ? bytes.length : lf + 1;
      this.#line += bytes.toString('latin1', at, end);
      at = end;
      if (this.#line.length > MAX_LINE) throw malformed('a chunk line that is too long');
      if (this.#state === 'after data' && this.#line.charCodeAt(0) !== CR)
        throw malformed('a chunk longer than its size');
      if (lf >= 0 && this.#endOfLine()) return at;
    }
    return -1;
  }

  /** @returns whether that was the last line of the body */
  #endOfLine(): boolean {
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) throw malformed('a chunk line that does not end in CR LF');
    const text = line.slice(0, -2);
    if (this.#state === 'trailer') return text === '';
    if (this.#state === 'after data') {
      if (text !== '') throw malformed('a chunk longer than its size');
      this.#state = 'size';
      return false;
    }
    const size = SIZE.exec(text)?.[1];
    if (size === undefined) throw malformed(`chunk size ${JSON.stringify(text.slice(0, 40))}`);
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'data';
    return false;
  }
}
