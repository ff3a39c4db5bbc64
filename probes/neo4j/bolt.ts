import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { auth, driver as newDriver, session as sessionModes } from 'neo4j-driver';
import type { Driver, Session } from 'neo4j-driver';
import type { StoreConnection } from '../store/store-driver.ts';
import { BoltUnreachable } from './errors.ts';
import { errorCode } from '../../reports/record/error-text.ts';

/** The connection that is being opened: the driver hides its sockets, but Node announces them on a diagnostics channel. */
const connecting = new AsyncLocalStorage<BoltConnection>();
subscribe('net.client.socket', (message) => {
  connecting.getStore()?.own((message as { socket: Socket }).socket);
});

export type Row = Readonly<Record<string, unknown>>;
export type Parameters = Readonly<Record<string, unknown>>;

/** Rows with the bookmarks that stand for the state that they were read in. */
interface WithBookmark<R extends Row> {
  rows: R[];
  bookmarks: string[];
}

export interface BoltOptions {
  /** In place of the connection's own database. */
  database?: string;
  /** Straight to this server, past any routing: for querying one member. */
  direct?: boolean;
  /** Sessions that may be served by a follower. */
  read?: boolean;
  /** Wait until the server has the state of these. */
  bookmarks?: string[];
}

/** One connection, one attempt: retries are off, for managed transactions and for auto-commit statements. */
const CONFIG = {
  userAgent: 'plumbline',
  maxConnectionPoolSize: 1,
  maxTransactionRetryTime: 0,
  disableAutoCommitRetries: true,
  disableLosslessIntegers: true,
  telemetryDisabled: true,
  fetchSize: 10_000,
};

/** `bolt` or `neo4j`, with `+s` where TLS is on; a member asked by itself is never routed away. */
function uriOf({ host, port, declared }: StoreConnection, direct: boolean): string {
  const scheme = typeof declared?.['scheme'] === 'string' ? declared['scheme'] : 'bolt';
  return `${direct ? scheme.replace('neo4j', 'bolt') : scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * One driver that holds one connection a server, and never makes another once it is open: what fails, fails. Retries are off, managed
 * ones and those of auto-commit statements. Ends at once when it is destroyed: a frozen server's kernel would go on acknowledging.
 */
export class BoltConnection {
  readonly #connection: StoreConnection;
  readonly #options: BoltOptions;
  readonly #sockets: Socket[] = [];
  #driver: Driver | null = null;
  #errno: string | null = null;
  #state: 'new' | 'connecting' | 'open' | 'ended' = 'new';

  constructor(connection: StoreConnection, options: BoltOptions = {}) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Connects, logs in and has a transaction begun and rolled back, so that with routing the way to the leader is open too.
   * The limit (ms) is for reaching a server.
   * @throws BoltUnreachable, or the server's Neo4jError (wrong password, no such database)
   */
  async open(connectTimeoutMs: number): Promise<void> {
    this.#state = 'connecting';
    const { user, password } = this.#connection;
    const uri = uriOf(this.#connection, this.#options.direct === true);
    const config = { ...CONFIG, connectionTimeout: connectTimeoutMs };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the driver declares its options as a class that nobody can construct
    this.#driver = newDriver(uri, auth.basic(user, password), config);
    try {
      await connecting.run(this, async () => {
        const session = this.session();
        const transaction = await session.beginTransaction();
        await transaction.rollback();
        await session.close();
      });
    } catch (error) {
      this.destroy();
      throw this.explained(error);
    }
    // It may have been destroyed meanwhile.
    if (this.#isConnecting()) this.#state = 'open';
  }

  /** A session of the driver; the caller closes it. */
  session(): Session {
    if (this.#driver === null) throw new Error('Neo4j: the connection is not open');
    const { database, read, bookmarks } = this.#options;
    const config = {
      database: database ?? this.#connection.database,
      defaultAccessMode: read === true ? sessionModes.READ : sessionModes.WRITE,
      ...(bookmarks === undefined ? {} : { bookmarks }),
    };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the driver declares its options as a class that nobody can construct
    return this.#driver.session(config);
  }

  /** One statement in a transaction of its own. @throws as `open` */
  async run<R extends Row = Row>(query: string, parameters: Parameters = {}): Promise<R[]> {
    return (await this.runWithBookmark<R>(query, parameters)).rows;
  }

  /** As `run`, with the bookmarks that stand for the state that was seen. */
  async runWithBookmark<R extends Row = Row>(
    query: string,
    parameters: Parameters = {},
  ): Promise<WithBookmark<R>> {
    return this.withSession(async (session) => {
      const result = await session.run(query, parameters);
      return {
        rows: result.records.map((record) => record.toObject() as R),
        bookmarks: session.lastBookmarks(),
      };
    });
  }

  /** Anything with a session, which is closed afterwards. @throws as `open` */
  async withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = this.session();
    try {
      const result = await connecting.run(this, () => work(session));
      await session.close();
      return result;
    } catch (error) {
      // Not waited for: a server that is gone would never answer the reset.
      session.close().catch(() => undefined);
      throw this.explained(error);
    }
  }

  /** Open, and none of its connections known to be broken. */
  usable(): boolean {
    return this.#state === 'open' && this.#sockets.every((socket) => !socket.destroyed);
  }

  destroy(): void {
    this.#state = 'ended';
    for (const socket of this.#sockets) socket.destroy();
    this.#driver?.close().catch(() => undefined);
  }

  /** Records a socket that the driver opens; one that it opens later, unasked, is destroyed. */
  own(socket: Socket): void {
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      // The driver's own time-out ends the socket with an error that has the driver's code.
      this.#errno ??= message.startsWith('Failed to establish connection in')
        ? 'connect timeout'
        : (code ?? null);
    });
    this.#sockets.push(socket);
    // Destruction is deferred: in this turn the socket is not connecting yet, and connecting would revive it.
    if (!this.#isConnecting())
      setImmediate(() =>
        socket.destroy(new Error('the driver may connect only once: a second attempt is refused')),
      );
  }

  #isConnecting(): boolean {
    return this.#state === 'connecting';
  }

  explained(error: unknown): unknown {
    const code = errorCode(error) ?? '';
    if (code.startsWith('Neo.')) return error;
    const where = `${this.#connection.host}:${this.#connection.port}`;
    return new BoltUnreachable(where, this.#errno ?? (code === '' ? 'no connection' : code), error);
  }
}
