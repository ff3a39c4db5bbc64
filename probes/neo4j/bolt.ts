import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { auth, driver as newDriver, session as sessionModes } from 'neo4j-driver';
import type { Driver, Session } from 'neo4j-driver';
import { addressText } from '../../host/http.ts';
import { dialled } from '../store/store-driver.ts';
import type { StoreConnection, StoreTlsFiles } from '../store/store-driver.ts';
import { cannotAsk, isDown } from '../asking.ts';
import { encryptedWay } from './encrypted.ts';
import { BoltUnreachable, isForbidden, isMisrouted } from './errors.ts';
import { errorCode } from '../../reports/record/error-text.ts';

/** The connection that is being opened: the driver hides its sockets, but Node announces them on a diagnostics channel. */
const connecting = new AsyncLocalStorage<BoltConnection>();
subscribe('net.client.socket', (message) => {
  connecting.getStore()?.own((message as { socket: Socket }).socket);
});

/** Of `dbms.routing.getRoutingTable`: where clients are sent to (Bolt protocol, ROUTE message). */
export interface RouteRow extends Row {
  addresses: readonly string[];
  role: 'WRITE' | 'READ' | 'ROUTE';
}

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

/** As for a first connection: an unanswered SYN is sent again after 1 s. */
const REOPEN_MS = 1500;

export const ROUTES = 'CALL dbms.routing.getRoutingTable($context, $database) YIELD servers';

/**
 * By what address a client comes, as drivers say it: for some a server may answer with itself alone and send writes on
 * (Operations manual, dbms.routing.client_side.enforce_for_domains).
 */
export function routingContext({ host, port }: StoreConnection): { address: string } {
  return { address: addressText({ host, port }) };
}

/**
 * One address takes everything: the servers themselves send writes on (dbms.routing.default_router=SERVER, as Neo4j's Helm chart has it for
 * clients that come by a name outside the cluster's domain), or there is only one server.
 */
export function isServerSide(routes: readonly RouteRow[]): boolean {
  return routes.length > 0 && new Set(routes.flatMap(({ addresses }) => addresses)).size === 1;
}

function schemeOf({ declared }: StoreConnection): string {
  return typeof declared?.['scheme'] === 'string' ? declared['scheme'] : 'bolt';
}

/** `bolt` or `neo4j`, with `+s` where the driver itself encrypts; a member asked by itself is never routed away. */
function uriOf(connection: StoreConnection, direct: boolean): string {
  const { host, port } = connection;
  const scheme = schemeOf(connection);
  return `${direct ? scheme.replace('neo4j', 'bolt') : scheme}://${addressText({ host, port })}`;
}

/**
 * Servers that send writes on do so for a client of the driver's own routing alone, which says so when it logs in.
 * @throws AskError where a database of several copies is routed to one server
 */
function assertRouted(connection: StoreConnection, servers: readonly RouteRow[]): void {
  const { primaries = 1 } = (connection.declared?.['enterprise'] ?? {}) as { primaries?: number };
  if (primaries === 1 || !isServerSide(servers)) return;
  const { address } = routingContext(connection);
  throw cannotAsk(
    'protocol',
    `Neo4j: for clients of ${address} the servers send writes on themselves, which is not done over \`tls\`: ` +
      'declare a name in dbms.routing.client_side.enforce_for_domains as `primary`',
  );
}

/** What encrypts the way to a server: what is declared, or the driver's own scheme, which would hold the certificate to the near end of a way. */
function tlsOf(connection: StoreConnection, { host }: { host: string }): StoreTlsFiles | undefined {
  const byScheme = schemeOf(connection).endsWith('+s') ? { serverName: host } : undefined;
  return connection.tls ?? byScheme;
}

/** `host:port`, as routing tables have it. */
function addressOf(text: string): { host: string; port: number } {
  const { hostname, port } = new URL(`bolt://${text}`);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

/**
 * One driver that holds one connection a server, and never makes another once it is open: what fails, fails. Retries are off, managed
 * ones and those of auto-commit statements. Ends at once when it is destroyed: a frozen server's kernel would go on acknowledging.
 */
export class BoltConnection {
  readonly #connection: StoreConnection;
  readonly #options: BoltOptions;
  readonly #sockets: Socket[] = [];
  readonly #denied = new Set<string>();
  #driver: Driver | null = null;
  #errno: string | null = null;
  /** Its server is the one to which a routing table led. */
  #routed = false;
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
    const config = { ...CONFIG, connectionTimeout: connectTimeoutMs };
    try {
      await connecting.run(this, async () => {
        const uri = await this.#way(connectTimeoutMs);
        // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the driver declares its options as a class that nobody can construct
        this.#driver = newDriver(uri, auth.basic(user, password), config);
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

  /** Where the driver connects to: the server, or the near end of a way to it. */
  async #way(limitMs: number): Promise<string> {
    const direct = this.#options.direct === true;
    const { dial } = this.#connection;
    if (this.#connection.tls === undefined && dial === undefined) return uriOf(this.#connection, direct);
    this.#routed = !direct && schemeOf(this.#connection).startsWith('neo4j');
    const named = this.#routed ? await this.#byRoute(limitMs) : this.#connection;
    // Its sockets are not the driver's.
    const at = await connecting.exit(() => dialled(named, this.#connection, { deadlineMs: limitMs }));
    const tls = tlsOf(this.#connection, named);
    if (tls === undefined) return uriOf({ ...this.#connection, ...at }, true);
    const isOurs = (asking?: number): boolean =>
      this.#sockets.some(({ localPort }) => localPort !== undefined && localPort === asking);
    const { host, port } = await encryptedWay({ host: at.host, port: at.port }, tls, { limitMs, isOurs });
    // It may have been destroyed meanwhile, before it owned the way.
    if (!this.#isConnecting()) this.destroy();
    return `bolt://${host}:${port}`;
  }

  /** Where the server behind the declared address would send clients. The driver's own routing would leave the encrypted way. */
  async #byRoute(limitMs: number): Promise<{ host: string; port: number }> {
    const { database, read } = this.#options;
    const asked = database ?? this.#connection.database;
    const router = new BoltConnection(this.#connection, { database: 'system', direct: true, read: true });
    try {
      await router.open(limitMs);
      const context = routingContext(this.#connection);
      const [table] = await router.run<{ servers: RouteRow[] }>(ROUTES, { context, database: asked });
      const servers = table?.servers ?? [];
      assertRouted(this.#connection, servers);
      const wanted = read === true ? 'READ' : 'WRITE';
      const [address] = servers.find(({ role }) => role === wanted)?.addresses ?? [];
      if (address === undefined)
        throw isDown('refuses', `Neo4j: nobody takes ${wanted} of ${asked} by the routing table`);
      return addressOf(address);
    } finally {
      router.destroy();
    }
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

  /**
   * As `run`; null where the account may not ask that, which is not tried again. The driver closes a connection after any error of security,
   * so that another is made.
   */
  async runIfGranted<R extends Row>(query: string): Promise<R[] | null> {
    if (this.#denied.has(query)) return null;
    try {
      return await this.run<R>(query);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#denied.add(query);
      this.destroy();
      this.#sockets.length = 0;
      await this.open(REOPEN_MS);
      return null;
    }
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
    // Before the near end of an encrypted way notices: that is closed because of this.
    if (socket instanceof TLSSocket) socket.once('close', () => (this.#errno ??= 'ECONNRESET'));
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
    if (error instanceof BoltUnreachable) return error;
    const code = errorCode(error) ?? '';
    if (code.startsWith('Neo.')) {
      // Another server leads now: who connects again is led there.
      if (this.#routed && isMisrouted(code)) this.destroy();
      return error;
    }
    const where = `${this.#connection.host}:${this.#connection.port}`;
    return new BoltUnreachable(where, this.#errno ?? (code === '' ? 'no connection' : code), error);
  }
}
