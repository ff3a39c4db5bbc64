import { Agent } from 'node:http';
import { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client, HttpConnection, SniffingTransport } from '@elastic/elasticsearch';
import { urlOf } from '../../host/http.ts';
import { CANARY_INDEX, ElasticsearchRefusal, servicePlace } from './api.ts';
import { declaredOf } from './declared.ts';
import { majorityOf, prepareCanary } from './canary.ts';
import { errorClass, isMissing, isDefiniteFailure } from './errors.ts';
import { localView, primaryOf } from './view.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import { tlsOptions } from '../store/tls.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';
import { errorCode } from '../../reports/record/error-text.ts';

/** How long the server may wait for a primary or for copies before it refuses: no longer than the client waits. */
const SERVER_WAIT = '1s';
/** Deadline of the look at the cluster state that a read waits for; well below the operation's own. */
const LOOK_MS = 300;

/** State shared by the sessions of one client load. */
interface Shared {
  /** The acknowledged document with the highest number, and the term of the primary that took it. */
  newest: { n: number; id: string; term: number } | null;
  /** The primary as it was last seen; null: to be looked up. */
  primary: Primary | null;
  /** What the server gave for taking up its encryption again: without it a store that is back meets 80 whole handshakes at once. */
  encryption: Buffer | undefined;
}

interface Primary {
  nodeId: string;
  /** Counts the primaries that the shard has had, as known to the source of this view. */
  term: number;
}

/** Elasticsearch's part of the client load: one document a write, through the official client. */
export class ElasticsearchLoadClient implements LoadClient {
  readonly #connection: StoreConnection;
  readonly #run: string;
  readonly #shared: Shared = { newest: null, primary: null, encryption: undefined };

  constructor(connection: StoreConnection, run: string) {
    this.#connection = connection;
    this.#run = run;
  }

  /** Leaves the canary's index as it is declared. @throws Error when it is not green at the deadline */
  prepare(deadlineMs: number): Promise<void> {
    return prepareCanary(this.#connection, deadlineMs);
  }

  session(): ClientLoadSession {
    return new ElasticsearchSession(this.#connection, this.#run, this.#shared);
  }

  refused(error: unknown): boolean {
    return errorCode(error) === 'ECONNREFUSED';
  }

  errorClass(error: unknown): string {
    return error instanceof ElasticsearchRefusal ? `${error.status} ${error.type}` : errorClass(error);
  }
}

/** One connection. The client's pool, retries and sniffing are bypassed, so that one write is one request on it. */
class ElasticsearchSession implements ClientLoadSession {
  readonly #socket = new Socket();
  readonly #connection: StoreConnection;
  readonly #run: string;
  readonly #shared: Shared;
  #client: Client | null = null;

  constructor(connection: StoreConnection, run: string, shared: Shared) {
    this.#connection = connection;
    this.#run = run;
    this.#shared = shared;
    this.#socket.on('error', () => undefined);
  }

  open(connectTimeoutMs: number): Promise<void> {
    const { host, port, tls } = this.#connection;
    return new Promise((resolve, reject) => {
      // SYN packets that are dropped are sent again after 1 s only: without a limit of our own the return would be seen late.
      const timer = setTimeout(() => {
        this.#socket.destroy(new Error('no connection within the limit'));
      }, connectTimeoutMs);
      this.#socket.once('error', reject);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        reject(new Error('closed while connecting'));
      });
      this.#socket.connect(port, host, () => {
        clearTimeout(timer);
        this.#socket.setNoDelay(true);
        const ready = (way: Socket): void => {
          this.#client = clientOver(way, this.#connection);
          resolve();
        };
        if (tls === undefined) {
          ready(this.#socket);
          return;
        }
        const session = this.#shared.encryption;
        const encrypted = connectTls({ ...tlsOptions(tls), socket: this.#socket, session });
        encrypted.on('session', (given) => (this.#shared.encryption = given));
        encrypted.once('secureConnect', () => ready(encrypted));
        encrypted.on('error', reject);
      });
    });
  }

  async write(n: number): Promise<OperationResult> {
    if (this.#client === null) return { outcome: 'fail', detail: 'connect: not open' };
    try {
      const {
        _id: id,
        _shards: shards,
        _primary_term: term = 0,
      } = await this.#client.index({
        index: CANARY_INDEX,
        document: { run: this.#run, n, at: Date.now() },
        timeout: SERVER_WAIT,
      });
      if (shards.successful < majorityOf(shards.total))
        return { outcome: 'unknown', detail: `${shards.successful} of ${shards.total} copies` };
      if (n > (this.#shared.newest?.n ?? 0)) this.#shared.newest = { n, id, term };
      return { outcome: 'ok' };
    } catch (error) {
      return { outcome: isDefiniteFailure(error) ? 'fail' : 'unknown', detail: errorClass(error) };
    }
  }

  /** Whether the primary has the newest acknowledged document. It is fetched by id, since a search sees only what is refreshed. */
  async read(): Promise<OperationResult> {
    const { newest } = this.#shared;
    if (newest === null || this.#client === null) return { outcome: 'ok', detail: '0' };
    let replaced = '';
    try {
      const primary = await this.#primaryFor(newest.term);
      // A member that is cut off considers itself the primary until it notices, and clients routed to it read from it.
      if (primary.term < newest.term) replaced = '@replaced';
      const { found } = await this.#client.get({
        index: CANARY_INDEX,
        id: newest.id,
        realtime: true,
        _source: false,
        preference: `_only_nodes:${primary.nodeId}`,
      });
      return { outcome: 'ok', detail: `${found ? newest.n : 0}${replaced}` };
    } catch (error) {
      this.#shared.primary = null;
      return isMissing(error)
        ? { outcome: 'ok', detail: `0${replaced}` }
        : { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  /** As last seen, but looked up again when a later primary has acknowledged something since. */
  async #primaryFor(term: number): Promise<Primary> {
    const known = this.#shared.primary;
    if (known !== null && known.term >= term) return known;
    return (this.#shared.primary = await this.#lookUpPrimary());
  }

  async #lookUpPrimary(): Promise<Primary> {
    const view = await localView(servicePlace(this.#connection), { deadlineMs: LOOK_MS });
    const nodeId = primaryOf(view)?.nodeId;
    if (nodeId === undefined || nodeId === null) throw new Error('no primary');
    return { nodeId, term: view.primaryTerm ?? 0 };
  }

  usable(): boolean {
    return this.#client !== null && !this.#socket.destroyed && this.#socket.readable;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

type TransportOptions = ConstructorParameters<typeof SniffingTransport>[0];

/**
 * Elastic's client without its own media types, which Elasticsearch takes of the client's version and the one before alone (400), and OpenSearch
 * not at all (406). So every version of both products is written to in the same way, and what is measured is the same.
 */
class PlainTransport extends SniffingTransport {
  constructor({ vendoredHeaders: _, ...plain }: TransportOptions) {
    super(plain);
  }
}

/** For OpenSearch, which has no header `x-elastic-product`, without which the client takes no answer. */
class UncheckedTransport extends PlainTransport {
  constructor({ productCheck: _, ...unchecked }: TransportOptions) {
    super(unchecked);
  }
}

/** The official client, with this socket as its only way out: whether that encrypts is its own affair, so that the client speaks plain HTTP. */
function clientOver(socket: Socket, connection: StoreConnection): Client {
  const { host, port, user, password } = connection;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let given = false;
  agent.createConnection = () => {
    if (given) throw new Error('the connection is gone');
    given = true;
    return socket;
  };
  return new Client({
    node: urlOf('http', { host, port }),
    Connection: HttpConnection,
    agent: () => agent,
    maxRetries: 0,
    sniffOnStart: false,
    sniffOnConnectionFault: false,
    compression: false,
    enableMetaHeader: false,
    Transport: declaredOf(connection).product === 'opensearch' ? UncheckedTransport : PlainTransport,
    ...(user !== '' && { auth: { username: user, password } }),
  });
}
