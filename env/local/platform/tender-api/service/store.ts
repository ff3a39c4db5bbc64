/** Tenders in PostgreSQL: writes go to the primary, reads to a replica. */
import { Pool, type PoolConfig } from 'pg';
import { JOBS_TABLE, JobStore } from './jobs.ts';

export interface Tender {
  readonly id: string;
  readonly title: string;
  readonly createdAt: string;
}

export interface StoreOptions {
  readonly primaryHost: string;
  readonly replicaHost: string;
  readonly password: string;
}

const POOL_SIZE = 5; // five pods with two pools stay below the role's limit of 30 connections, replicas counted apart
const CONNECT_TIMEOUT_MS = 2_000;
/** Ends a query on the client's side: a frozen server never answers, and its own time-outs do not run. */
const QUERY_TIMEOUT_MS = 3_000;

const TABLE = `CREATE TABLE IF NOT EXISTS tenders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
)`;
/** Any constant will do: two pods that start at once must not create the tables at the same time. */
const TABLE_LOCK = 7_021_411;

function pool(host: string, password: string): Pool {
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
    console.log(
      JSON.stringify({ level: 'warn', message: `connection to ${host} lost`, cause: error.message }),
    );
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
  readonly jobs: JobStore;
  readonly #primary: Pool;
  readonly #replica: Pool;

  constructor(options: StoreOptions) {
    this.#primary = pool(options.primaryHost, options.password);
    this.#replica = pool(options.replicaHost, options.password);
    this.jobs = new JobStore(this.#primary, this.#replica);
  }

  /** Makes the tables if they are not there. */
  async prepare(): Promise<void> {
    const client = await this.#primary.connect();
    let failure: Error | undefined;
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock($1)', [TABLE_LOCK]);
      await client.query(TABLE);
      await client.query(JOBS_TABLE);
      await client.query('COMMIT');
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.release(failure); // a connection in an unknown state is not used again
    }
  }

  /** Stores a tender; resolves when PostgreSQL has acknowledged it. */
  async add(title: string): Promise<Tender> {
    const { rows } = await this.#primary.query<Row>(
      'INSERT INTO tenders (title) VALUES ($1) RETURNING id::text, title, created_at',
      [title],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('INSERT … RETURNING returned no row');
    return toTender(row);
  }

  /** One tender. A replica may be behind, so that what it lacks is asked of the primary too. */
  async find(id: string): Promise<Tender | undefined> {
    const query = 'SELECT id::text, title, created_at FROM tenders WHERE id = $1';
    const { rows } = await this.#replica.query<Row>(query, [id]);
    const [row] = rows.length > 0 ? rows : (await this.#primary.query<Row>(query, [id])).rows;
    return row === undefined ? undefined : toTender(row);
  }

  /** The newest tenders, as a replica has them. */
  async latest(limit: number): Promise<Tender[]> {
    const { rows } = await this.#replica.query<Row>(
      'SELECT id::text, title, created_at FROM tenders ORDER BY id DESC LIMIT $1',
      [limit],
    );
    return rows.map(toTender);
  }

  async close(): Promise<void> {
    await Promise.all([this.#primary.end(), this.#replica.end()]);
  }
}
