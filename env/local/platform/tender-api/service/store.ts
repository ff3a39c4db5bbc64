/** Tenders in PostgreSQL: writes go to the primary, reads to a replica. */
import { Pool, type PoolConfig } from 'pg';
import type { Telemetry } from '../../service-kit/telemetry.ts';
import { Outbox } from './outbox.ts';

export interface Tender {
  readonly id: string;
  readonly title: string;
  readonly createdAt: string;
}

/** Status of a tender in the AI service; `degraded`: done without the language model. */
export type TenderStatus = 'accepted' | 'done' | 'degraded' | 'failed';

/** Mark and trace context of the request that created a tender, stored for later processing. */
export interface Origin {
  readonly mark?: string | undefined;
  readonly traceparent?: string | undefined;
}

export interface StoreOptions {
  readonly primaryHost: string;
  readonly replicaHost: string;
  readonly password: string;
  /** Whether tenders are handed over to the AI service; only then do they enter the outbox. */
  readonly handsOver: boolean;
  readonly telemetry: Telemetry;
}

const POOL_SIZE = 5; // five pods with two pools each stay below the role's limit of 30 connections, which the primary and the replicas count separately
const CONNECT_TIMEOUT_MS = 2_000;
/** Timeout on the client's side, because the timeouts of a frozen server do not run. */
const QUERY_TIMEOUT_MS = 3_000;

const TABLE = `CREATE TABLE IF NOT EXISTS tenders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'accepted',
  mark text,
  traceparent text,
  offered_at timestamptz,
  handed_over_at timestamptz
)`;
/** Partial index of the tenders that wait for their handover, which are few at any time. */
const OPEN_INDEX = `CREATE INDEX IF NOT EXISTS tenders_open ON tenders (offered_at)
  WHERE status = 'accepted' AND handed_over_at IS NULL AND offered_at IS NOT NULL`;
/** Arbitrary key of the advisory lock that prevents two starting pods from creating the tables at the same time. */
const TABLE_LOCK = 7_021_411;

function pool(host: string, password: string, log: Telemetry['log']): Pool {
  const config: PoolConfig = {
    host,
    user: 'tender',
    database: 'tender',
    password,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'tender-api',
  };
  const made = new Pool(config);
  // An idle connection that the server closed is replaced at the next query.
  made.on('error', (error) => {
    log('warn', `connection to ${host} lost`, { cause: error.message });
  });
  return made;
}

interface Row {
  id: string;
  title: string;
  created_at: Date;
}

function toTender(row: Row): Tender {
  return { id: row.id, title: row.title, createdAt: row.created_at.toISOString() };
}

export class TenderStore {
  readonly outbox: Outbox;
  readonly #handsOver: boolean;
  readonly #telemetry: Telemetry;
  readonly #primary: Pool;
  readonly #replica: Pool;

  constructor(options: StoreOptions) {
    this.#telemetry = options.telemetry;
    this.#handsOver = options.handsOver;
    this.#primary = pool(options.primaryHost, options.password, options.telemetry.log);
    this.#replica = pool(options.replicaHost, options.password, options.telemetry.log);
    this.outbox = new Outbox(this.#primary);
  }

  /** Creates the tables if they do not exist. */
  async prepare(): Promise<void> {
    const client = await this.#primary.connect();
    let failure: Error | undefined;
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock($1)', [TABLE_LOCK]);
      await client.query(TABLE);
      await client.query(OPEN_INDEX);
      await client.query('COMMIT');
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.release(failure); // a connection in an unknown state is not used again
    }
  }

  /** Stores a tender; resolves when PostgreSQL has acknowledged it. */
  async add(title: string, { mark, traceparent }: Origin = {}): Promise<Tender> {
    const { rows } = await this.#traced('INSERT tenders', () =>
      this.#primary.query<Row>(
        `INSERT INTO tenders (title, mark, traceparent, offered_at)
         VALUES ($1, $2, $3, CASE WHEN $4::boolean THEN now() END) RETURNING id::text, title, created_at`,
        [title, mark ?? null, traceparent ?? null, this.#handsOver],
      ),
    );
    const [row] = rows;
    if (row === undefined) throw new Error('INSERT … RETURNING returned no row');
    return toTender(row);
  }

  /** One tender with its status. If the replica, which may lag, lacks it, the primary is queried. */
  async find(id: string): Promise<(Tender & { status: TenderStatus }) | undefined> {
    const query = 'SELECT id::text, title, created_at, status FROM tenders WHERE id = $1';
    type Found = Row & { status: TenderStatus };
    const { rows } = await this.#traced('SELECT tenders', () => this.#replica.query<Found>(query, [id]));
    const [row] = rows.length > 0 ? rows : (await this.#primary.query<Found>(query, [id])).rows;
    return row === undefined ? undefined : { ...toTender(row), status: row.status };
  }

  /** The newest tenders on a replica. ORDER BY must say `tenders.id`: a bare `id` would be the selected text, which has no index. */
  async latest(limit: number): Promise<Tender[]> {
    const { rows } = await this.#traced('SELECT tenders', () =>
      this.#replica.query<Row>(
        'SELECT id::text, title, created_at FROM tenders ORDER BY tenders.id DESC LIMIT $1',
        [limit],
      ),
    );
    return rows.map(toTender);
  }

  #traced<T>(name: string, query: () => Promise<T>): Promise<T> {
    const [operation = ''] = name.split(' ');
    const attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': 'tender',
      'db.collection.name': 'tenders',
      'db.operation.name': operation,
    };
    return this.#telemetry.tracer.within(name, { kind: 'client', attributes }, query);
  }

  async close(): Promise<void> {
    await Promise.all([this.#primary.end(), this.#replica.end()]);
  }
}
