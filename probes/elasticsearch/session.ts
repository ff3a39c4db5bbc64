import { Socket } from 'node:net';
import type { Client } from '@elastic/elasticsearch';
import { CANARY_INDEX, servicePlace } from './api.ts';
import { majorityOf, prepareCanary } from './canary.ts';
import { clientOver, openSocket } from './client.ts';
import type { Encryption } from './client.ts';
import { declaredOf } from './declared.ts';
import { errorClass, isMissing, isDefiniteFailure } from './errors.ts';
import { localView, primaryOf } from './view.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';
import { errorCode } from '../../reports/record/error-text.ts';

/** How long the server may wait for a primary or for copies before it refuses: no longer than the client waits. */
const SERVER_WAIT = '1s';
/** Deadline of the look at the cluster state that a read waits for; well below the operation's own. */
const LOOK_MS = 300;

/** State shared by the sessions of one client load. */
interface Shared extends Encryption {
  /** The acknowledged document with the highest number, and the term of the primary that took it. */
  newest: { n: number; id: string; term: number } | null;
  /** The primary as it was last seen; null: to be looked up. */
  primary: Primary | null;
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
  readonly #shared: Shared = { newest: null, primary: null, session: undefined };

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
    return errorClass(error);
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
  }

  async open(connectTimeoutMs: number): Promise<void> {
    // SYN packets that are dropped are sent again after 1 s only: without a limit of our own the return would be seen late.
    const timer = setTimeout(() => {
      this.#socket.destroy(new Error('no connection within the limit'));
    }, connectTimeoutMs);
    for (const event of ['connect', 'close']) this.#socket.once(event, () => clearTimeout(timer));
    const open = await openSocket(this.#socket, this.#connection, this.#shared);
    this.#client = clientOver(open, this.#connection, declaredOf(this.#connection).product);
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
