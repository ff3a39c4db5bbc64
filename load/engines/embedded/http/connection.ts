import { connect as connectTcp, isIP } from 'node:net';
import type { OnReadOpts, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { ERROR_CODES, RequestError, requestError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { ResponseParser } from './parser.ts';
import type { Target } from './target.ts';

/** Settings for new connections: TLS trust and the dial timeout. */
export interface Trust {
  context: () => SecureContext;
  verify: boolean;
  /** ms; undefined: k6's default. */
  dialTimeoutMs?: number;
}

/** Hears of the end of an exchange, and of the loss of an idle connection. */
export interface ConnectionOwner {
  /** The exchange has a response or an error. `usable`: the connection can be reused. */
  ended(connection: Connection, exchange: Exchange, usable: boolean): void;
  /** The connection was closed while it was idle. */
  lost(connection: Connection): void;
}

/** k6's limit for a TCP connection to come up, ms; it does not include the TLS handshake. */
const DIAL_TIMEOUT_MS = 30_000;

/**
 * All sockets read into this buffer: each read is parsed before the next one. 64 KiB is libuv's size of a read.
 */
const SHARED = Buffer.allocUnsafeSlow(65_536);

/** One connection to one server, with one exchange at a time. */
export class Connection {
  readonly target: Target;
  readonly #owner: ConnectionOwner;
  readonly #parser = new ResponseParser();
  #socket: Socket | null = null;
  #exchange: Exchange | null = null;
  #used = false;
  #closed = false;

  constructor(target: Target, owner: ConnectionOwner) {
    this.target = target;
    this.#owner = owner;
  }

  get usable(): boolean {
    return !this.#closed;
  }

  /** The exchange in flight; null: the connection is idle. */
  get exchange(): Exchange | null {
    return this.#exchange;
  }

  /** Connects, does the TLS handshake for https, and sends the exchange. */
  open(exchange: Exchange, at: { address: string; port: number }, trust: Trust): void {
    if (this.#closed) return;
    this.#exchange = exchange;
    exchange.carrier = this;
    let socket: Socket;
    try {
      socket = this.#socket = this.#dial(at, trust);
    } catch (error) {
      // An out-of-range port throws synchronously, before the caller waits for the result: report it in the next turn.
      setImmediate(() => this.give(requestError(error as Error)));
      return;
    }
    const timer = setTimeout(
      () => this.give(new RequestError(ERROR_CODES.dialTimeout, 'dial: i/o timeout')),
      trust.dialTimeoutMs ?? DIAL_TIMEOUT_MS,
    );
    socket.once('connect', () => {
      clearTimeout(timer);
      if (!this.target.secure) this.#opened();
    });
    socket.once('secureConnect', () => this.#opened());
    socket.on('error', (error: Error) => this.give(requestError(error)));
    socket.once('end', () => this.#ended());
    socket.once('close', () => {
      clearTimeout(timer);
      this.#ended();
    });
  }

  #dial(at: { address: string; port: number }, trust: Trust): Socket {
    const onread: OnReadOpts = { buffer: SHARED, callback: (length) => this.#read(length) };
    const options = { host: at.address, port: at.port, noDelay: true, onread };
    return this.target.secure ? connectTls({ ...options, ...this.#tls(trust) }) : connectTcp(options);
  }

  #tls({ context, verify }: Trust): object {
    const { host } = this.target;
    return {
      ...(isIP(host) === 0 && { servername: host }),
      secureContext: context(),
      rejectUnauthorized: verify,
      ALPNProtocols: ['http/1.1'],
    };
  }

  #opened(): void {
    const exchange = this.#exchange;
    if (exchange !== null) this.send(exchange);
  }

  /** Sends on a connection that is up. */
  send(exchange: Exchange): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#exchange = exchange;
    exchange.carrier = this;
    exchange.reused = this.#used;
    this.#used = true;
    this.#parser.begin(exchange.method);
    exchange.sendMs = performance.now();
    const { headText, body } = exchange;
    if (body === null) socket.write(headText, 'latin1');
    else {
      socket.cork();
      socket.write(headText, 'latin1');
      socket.write(body);
      socket.uncork();
    }
  }

  #read(length: number): boolean {
    const exchange = this.#exchange;
    if (exchange === null) {
      // Unsolicited bytes, such as an error page before a close: they could be taken for the next response, so the connection is given up.
      this.close();
      this.#owner.lost(this);
      return false;
    }
    exchange.bytesReceived += length;
    try {
      if (this.#parser.feed(SHARED, length)) this.#complete(exchange);
    } catch (error) {
      this.give(requestError(error as Error));
    }
    return true;
  }

  #complete(exchange: Exchange): void {
    const { head } = this.#parser;
    exchange.head = head;
    exchange.answer = this.#parser.body();
    exchange.endMs = performance.now();
    this.#exchange = null;
    const usable = head?.keepAlive === true && !this.#parser.overrun && !this.#closed;
    if (!usable) this.close();
    this.#owner.ended(this, exchange, usable);
  }

  /** Ends the exchange with an error, and closes the connection. */
  give(error: RequestError): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    const resting = exchange === null && !this.#closed;
    this.close();
    if (exchange !== null) {
      exchange.error = error;
      exchange.endMs = performance.now();
      this.#owner.ended(this, exchange, false);
    } else if (resting) this.#owner.lost(this);
  }

  /** The server has closed the connection: the response is complete if its length is given by the close, otherwise it is lost. */
  #ended(): void {
    const exchange = this.#exchange;
    if (exchange === null || exchange.sendMs === 0) {
      this.give(new RequestError(1000, 'EOF: the connection was closed'));
      return;
    }
    try {
      this.#parser.end();
      this.#complete(exchange);
    } catch (error) {
      this.give(requestError(error as Error));
    }
  }

  /** Closes the connection without calling the owner. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#exchange = null;
    this.#socket?.destroy();
  }
}
