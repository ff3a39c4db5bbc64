import type { RequestError } from './errors.ts';
import type { Head } from './head.ts';
import type { Target } from './target.ts';

export interface ExchangeListener {
  exchangeEnded(exchange: Exchange): void;
}

/**
 * One request and its answer. Times are ms of the thread's clock (`performance.now()`), set as they pass; a plain object that is filled in,
 * since there is one for every request.
 */
export class Exchange {
  readonly method: string;
  readonly target: Target;
  /** Request line and headers with the empty line, latin1. */
  readonly headText: string;
  readonly body: Buffer | null;
  readonly discardBody: boolean;
  /** When it is given up. */
  readonly deadlineMs: number;
  /** Told once, when it has ended; never after it was aborted. */
  readonly #listener: ExchangeListener;

  startMs = 0;
  /** Handed to a connection that is up. */
  sendMs = 0;
  sentMs = 0;
  firstByteMs = 0;
  endMs = 0;
  connectingMs = 0;
  handshakeMs = 0;
  /** It went over a connection that was used before. */
  reused = false;
  retried = false;
  bytesSent = 0;
  bytesReceived = 0;
  head: Head | null = null;
  answer: Buffer | null = null;
  error: RequestError | null = null;
  /** Where it is on its way, to be told when it is given up. */
  carrier: { give(error: RequestError): void } | null = null;

  /** Neighbours in the list of the deadlines. */
  before: Exchange | null = null;
  after: Exchange | null = null;

  constructor(
    request: Pick<Exchange, 'method' | 'target' | 'headText' | 'body' | 'discardBody' | 'deadlineMs'>,
    listener: ExchangeListener,
  ) {
    this.method = request.method;
    this.target = request.target;
    this.headText = request.headText;
    this.body = request.body;
    this.discardBody = request.discardBody;
    this.deadlineMs = request.deadlineMs;
    this.#listener = listener;
  }

  /** Its answer is none after all. */
  fail(error: RequestError): void {
    this.error = error;
    this.head = null;
    this.answer = null;
  }

  done(): void {
    this.#listener.exchangeEnded(this);
  }
}
