import { ChunkedReader } from './chunked.ts';
import { ERROR_CODES, RequestError } from './errors.ts';
import { malformed, parseHead } from './head.ts';
import type { Head } from './head.ts';

/** 1 MiB: more than any real head needs. (Go's default, and so k6's, is 10 MiB.) */
const MAX_HEAD_BYTES = 1 << 20;
const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);

/**
 * Parses the responses of one connection, one after the other, from pieces that may be split anywhere. If the bytes of a head equal those
 * of the previous head, it is not parsed again. That makes the common case, a small response in one piece, fast.
 */
export class ResponseParser {
  head: Head | null = null;
  /** Bytes of the current response so far, including its head. */
  bytes = 0;
  #lastHead: Head | null = null;
  #lastBytes: Buffer = EMPTY;
  /** Bytes of a head that is not complete yet. */
  #pending: Buffer = EMPTY;
  #headRequest = false;
  /** Bytes of the Content-Length that are still to come; -1: the body has no Content-Length. */
  #left = -1;
  #chunked: ChunkedReader | null = null;
  #parts: Buffer[] = [];
  #done = true;
  /** Extra bytes followed the response. It is complete, but the connection must not be reused: they could be taken for the next response. */
  overrun = false;

  /** To be called before each request. */
  begin(method: string): void {
    this.head = null;
    this.bytes = 0;
    this.#headRequest = method === 'HEAD';
    this.#left = -1;
    this.#chunked = null;
    if (this.#parts.length > 0) this.#parts = [];
    this.#done = false;
  }

  /**
   * Parses the next `length` bytes of a buffer. Copies what it keeps, as the caller reuses the buffer.
   * @returns whether the response is complete
   * @throws RequestError for a malformed response
   */
  feed(chunk: Buffer, length: number): boolean {
    if (this.#done) throw malformed('bytes that no request asked for');
    this.bytes += length;
    let at = 0;
    while (this.head === null) {
      at = this.#readHead(chunk, at, length);
      if (at < 0) return false;
    }
    return this.#readBody(chunk, at, length);
  }

  /** The server has closed the connection. @throws RequestError unless the close marks the end of the response */
  end(): void {
    if (this.head !== null && this.head.framing.kind === 'close' && !this.#done) {
      this.#done = true;
      return;
    }
    throw this.bytes === 0
      ? new RequestError(ERROR_CODES.other, 'EOF: the connection was closed without an answer')
      : new RequestError(
          ERROR_CODES.other,
          'unexpected EOF: the connection was closed in the middle of an answer',
        );
  }

  /** The body, still in its content encoding. */
  body(): Buffer {
    const [first = EMPTY] = this.#parts;
    return this.#parts.length > 1 ? Buffer.concat(this.#parts) : first;
  }

  /** @returns where the body begins; -1: more bytes are needed */
  #readHead(chunk: Buffer, from: number, to: number): number {
    if (this.#pending.length === 0) {
      const known = this.#lastBytes.length;
      if (known > 0 && to - from >= known && this.#lastBytes.compare(chunk, from, from + known) === 0) {
        this.#begun(this.#lastHead);
        return from + known;
      }
    }
    return this.#readNewHead(chunk, from, to);
  }

  #readNewHead(chunk: Buffer, from: number, to: number): number {
    const before = this.#pending.length;
    const bytes =
      before === 0 ? chunk.subarray(from, to) : Buffer.concat([this.#pending, chunk.subarray(from, to)]);
    const end = endOfHead(bytes);
    if (end < 0) {
      if (bytes.length > MAX_HEAD_BYTES) throw malformed(`a head of more than ${MAX_HEAD_BYTES} bytes`);
      this.#pending = Buffer.from(bytes);
      return -1;
    }
    this.#pending = EMPTY;
    const head = parseHead(bytes.toString('latin1', 0, end));
    // Informational responses precede the real one. 101 would change the protocol.
    if (head.status >= 200) {
      this.#lastHead = head;
      this.#lastBytes = Buffer.from(bytes.subarray(0, end));
      this.#begun(head);
    } else if (head.status === 101) throw malformed('101 Switching Protocols to a request without Upgrade');
    return from + end - before;
  }

  #begun(head: Head | null): void {
    this.head = head;
    if (head?.framing.kind === 'length') this.#left = head.framing.bytes;
    else if (head?.framing.kind === 'chunked') this.#chunked = new ChunkedReader();
    if (this.#headRequest) {
      this.#left = 0;
      this.#chunked = null;
    }
  }

  #readBody(chunk: Buffer, from: number, to: number): boolean {
    if (this.#chunked !== null) {
      const end = this.#chunked.read(chunk.subarray(from, to), (part) => this.#keep(part));
      return end < 0 ? false : this.#complete(from + end, to);
    }
    const { kind } = this.head?.framing ?? { kind: 'none' };
    if (kind === 'close' && !this.#headRequest) {
      if (to > from) this.#keep(chunk.subarray(from, to));
      return false;
    }
    const take = Math.min(Math.max(0, this.#left), to - from);
    if (take > 0) this.#keep(chunk.subarray(from, from + take));
    this.#left -= take;
    return this.#left > 0 ? false : this.#complete(from + take, to);
  }

  #complete(at: number, to: number): boolean {
    this.#done = true;
    this.overrun = at < to;
    return true;
  }

  #keep(part: Buffer): void {
    const copy = Buffer.allocUnsafe(part.length);
    part.copy(copy);
    this.#parts.push(copy);
  }
}

/** Where the head ends, after its empty line; -1: it is incomplete. A line may end in LF alone (RFC 9112, section 2.2). */
function endOfHead(bytes: Buffer): number {
  let lineStart = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    const lineEnd = at > lineStart && bytes[at - 1] === CR ? at - 1 : at;
    if (lineEnd === lineStart) {
      if (lineStart === 0) throw malformed('an empty line instead of a status line');
      return at + 1;
    }
    lineStart = at + 1;
  }
  // Bytes that are not HTTP (TLS, a banner) may never end a line, so they are refused here.
  if (!'HTTP/1.'.startsWith(bytes.toString('latin1', 0, Math.min(7, bytes.length))))
    throw malformed(`status line ${JSON.stringify(bytes.toString('latin1', 0, 40))}`);
  return -1;
}
