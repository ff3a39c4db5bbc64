import type { RequestError } from './errors.ts';
import type { Head } from './head.ts';
import type { Target } from './target.ts';

/**
 * One request and its response. Times are ms of `performance.now()`; 0: not reached. A plain mutable object for speed, since there is one for every
 * request.
 */
export class Exchange {
  readonly method: string;
  readonly target: Target;
  /** Request line and headers with the empty line, latin1. */
  readonly headText: string;
  readonly body: Buffer | null;
  /** When the request is given up. */
  readonly deadlineMs: number;
  /** Called once, when the request has ended; never after an abort. */
  readonly done: (exchange: Exchange) => void;

  startMs = 0;
  /** When it was handed to an open connection. */
  sendMs = 0;
  endMs = 0;
  /** It was sent over a connection that had been used before. */
  reused = false;
  /** It was sent again on a new connection. */
  retried = false;
  bytesReceived = 0;
  head: Head | null = null;
  answer: Buffer | null = null;
  error: RequestError | null = null;
  /** The connection or DNS lookup that has the request now; `give` ends it with an error. */
  carrier: { give(error: RequestError): void } | null = null;

  /** Neighbours in the list of the deadlines. */
  before: Exchange | null = null;
  after: Exchange | null = null;

  constructor(
    request: Pick<Exchange, 'method' | 'target' | 'headText' | 'body' | 'deadlineMs'>,
    done: (exchange: Exchange) => void,
  ) {
    this.method = request.method;
    this.target = request.target;
    this.headText = request.headText;
    this.body = request.body;
    this.deadlineMs = request.deadlineMs;
    this.done = done;
  }
}
