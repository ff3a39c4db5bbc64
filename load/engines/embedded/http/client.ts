import { Connection } from './connection.ts';
import type { ConnectionOwner, Trust } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import { requestError } from './errors.ts';
import type { RequestError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Names } from './names.ts';

/** What the clients of a load share. */
export interface Network {
  names: Names;
  trust: Trust;
  deadlines: Deadlines;
  /** Every request opens a new connection. */
  noReuse: boolean;
}

/**
 * How long after a request was written a close is seen that was already on its way, ms: a round trip, and a turn of a busy event loop. A connection
 * that is closed later had delivered the request, so that the server has dropped it.
 */
const CLOSED_BEFORE_MS = 3;

/** Methods that Go repeats on a new connection if the reused one turns out to be closed (net/http, Request.isReplayable). */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** The connections of one VU. As in k6, they are kept between requests and not shared with other VUs. */
export class HttpClient implements ConnectionOwner {
  readonly #network: Network;
  readonly #resting = new Map<string, Connection[]>();
  readonly #all = new Set<Connection>();
  readonly #lookups = new Set<Lookup>();

  constructor(network: Network) {
    this.#network = network;
  }

  /** Sends a request. `done` of it is called when it has ended, unless `close` was called before. */
  send(exchange: Exchange): void {
    exchange.startMs = performance.now();
    this.#network.deadlines.add(exchange);
    this.#carry(exchange);
  }

  #carry(exchange: Exchange): void {
    const resting = this.#resting.get(exchange.target.key);
    for (let one = resting?.pop(); one !== undefined; one = resting?.pop())
      if (one.usable) {
        one.send(exchange);
        return;
      }
    this.#open(exchange);
  }

  #open(exchange: Exchange): void {
    const { names, trust } = this.#network;
    const { host, port } = exchange.target;
    const connection = new Connection(exchange.target, this);
    this.#all.add(connection);
    const known = names.known(host, port);
    if (known !== null) {
      connection.open(exchange, known, trust);
      return;
    }
    const waiting = new Lookup(this, exchange, connection);
    exchange.carrier = waiting;
    this.#lookups.add(waiting);
    names.resolve(host, port).then(
      (at) => {
        this.#lookups.delete(waiting);
        if (!waiting.over) connection.open(exchange, at, trust);
      },
      (error: unknown) => waiting.give(requestError(error as Error)),
    );
  }

  ended(connection: Connection, exchange: Exchange, usable: boolean): void {
    if (exchange.carrier instanceof Lookup) this.#lookups.delete(exchange.carrier);
    if (usable && !this.#network.noReuse) this.#rest(connection);
    else this.#drop(connection);
    if (exchange.error !== null && mayRepeat(exchange)) {
      exchange.retried = true;
      exchange.error = null;
      exchange.sendMs = 0;
      this.#open(exchange);
      return;
    }
    exchange.carrier = null;
    this.#network.deadlines.remove(exchange);
    exchange.done(exchange);
  }

  #rest(connection: Connection): void {
    const { key } = connection.target;
    const list = this.#resting.get(key);
    if (list === undefined) this.#resting.set(key, [connection]);
    else list.push(connection);
  }

  lost(connection: Connection): void {
    this.#drop(connection);
    const list = this.#resting.get(connection.target.key);
    const at = list?.indexOf(connection) ?? -1;
    if (at >= 0) list?.splice(at, 1);
  }

  #drop(connection: Connection): void {
    connection.close();
    this.#all.delete(connection);
  }

  /** Closes every connection. `done` is not called for requests in flight. */
  close(): void {
    for (const one of this.#all) {
      if (one.exchange !== null) this.#network.deadlines.remove(one.exchange);
      one.close();
    }
    for (const { exchange } of this.#lookups) this.#network.deadlines.remove(exchange);
    for (const one of this.#lookups) one.over = true;
    this.#lookups.clear();
    this.#all.clear();
    this.#resting.clear();
  }
}

/** An exchange whose host name is being looked up. */
class Lookup {
  over = false;
  readonly #owner: ConnectionOwner;
  readonly exchange: Exchange;
  readonly #connection: Connection;

  constructor(owner: ConnectionOwner, exchange: Exchange, connection: Connection) {
    this.#owner = owner;
    this.exchange = exchange;
    this.#connection = connection;
  }

  give(error: RequestError): void {
    if (this.over) return;
    this.over = true;
    this.exchange.error = error;
    this.exchange.endMs = performance.now();
    this.#owner.ended(this.#connection, this.exchange, false);
  }
}

/** Go repeats whenever a kept connection ends without an answer, and so hides requests that a server drops; here only if it was closed before. */
function mayRepeat(exchange: Exchange): boolean {
  const { reused, retried, bytesReceived, error, method, sendMs, endMs } = exchange;
  const lost = error !== null && error.errorCode !== 1050 && endMs - sendMs <= CLOSED_BEFORE_MS;
  return lost && reused && !retried && bytesReceived === 0 && REPEATABLE.has(method);
}
