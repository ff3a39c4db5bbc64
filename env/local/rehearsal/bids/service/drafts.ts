/** Drafts in PostgreSQL, through a pooler that keeps a connection for one transaction and no prepared statement. */
import { Pool } from 'pg';
import type { Log } from './log.ts';

/** QUEUED: nobody has worked on it; FINISHED: it has its text; BROKEN: no text can be written for it. */
export type DraftState = 'QUEUED' | 'FINISHED' | 'BROKEN';

export interface Draft {
  readonly reference: string;
  readonly subject: string;
  readonly state: DraftState;
  readonly receivedAt: string;
}

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** PEM of the authority that signed the pooler's certificate. */
  readonly authority: string;
}

const ACCOUNT = 'bids';
const POOL_SIZE = 5;
const CONNECT_TIMEOUT_MS = 2_000;
/** On the client's side: those of a server that hangs do not run. */
const QUERY_TIMEOUT_MS = 3_000;
const AT_ONCE = 50; // drafts that a pod works on together

const TABLE = `CREATE TABLE IF NOT EXISTS drafts (
  reference uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  subject text NOT NULL,
  state text NOT NULL DEFAULT 'QUEUED',
  received_at timestamptz NOT NULL DEFAULT now()
)`;
const NEWEST_INDEX = 'CREATE INDEX IF NOT EXISTS drafts_newest ON drafts (received_at DESC)';
const QUEUE_INDEX = `CREATE INDEX IF NOT EXISTS drafts_queue ON drafts (received_at) WHERE state = 'QUEUED'`;
/** Arbitrary key of the advisory lock that keeps two starting pods from creating the table at the same time. */
const TABLE_LOCK = 5_310_227;

const COLUMNS = 'reference, subject, state, received_at';
/** What has no letter in its subject cannot be drafted. */
const WORK = `UPDATE drafts SET state = CASE WHEN subject ~ '[[:alpha:]]' THEN 'FINISHED' ELSE 'BROKEN' END
  WHERE reference IN (SELECT reference FROM drafts WHERE state = 'QUEUED'
    ORDER BY received_at LIMIT ${String(AT_ONCE)} FOR UPDATE SKIP LOCKED)`;

interface Row {
  reference: string;
  subject: string;
  state: DraftState;
  received_at: Date;
}

function toDraft({ received_at: receivedAt, ...rest }: Row): Draft {
  return { ...rest, receivedAt: receivedAt.toISOString() };
}

export class Drafts {
  readonly #pool: Pool;

  constructor({ host, port, password, authority }: Connection, log: Log) {
    this.#pool = new Pool({
      host,
      port,
      password,
      user: ACCOUNT,
      database: ACCOUNT,
      ssl: { ca: authority },
      max: POOL_SIZE,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
    });
    // An idle connection that the pooler closed is replaced at the next query.
    this.#pool.on('error', (error) => {
      log('WARN', `connection to ${host} lost: ${error.message}`);
    });
  }

  /** Creates the table if it does not exist. */
  async prepare(): Promise<void> {
    const client = await this.#pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock($1)', [TABLE_LOCK]);
      for (const statement of [TABLE, NEWEST_INDEX, QUEUE_INDEX]) await client.query(statement);
      await client.query('COMMIT');
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.release(failure); // a connection in an unknown state is not used again
    }
  }

  /** Its reference, once PostgreSQL has acknowledged it. */
  async add(subject: string): Promise<string> {
    const statement = 'INSERT INTO drafts (subject) VALUES ($1) RETURNING reference';
    const [row] = (await this.#pool.query<Pick<Row, 'reference'>>(statement, [subject])).rows;
    if (row === undefined) throw new Error('INSERT … RETURNING returned no row');
    return row.reference;
  }

  async find(reference: string): Promise<Draft | undefined> {
    const statement = `SELECT ${COLUMNS} FROM drafts WHERE reference = $1`;
    const [row] = (await this.#pool.query<Row>(statement, [reference])).rows;
    return row && toDraft(row);
  }

  /** The newest ones, of those whose subject begins so. */
  async newest({ beginning, size }: { beginning: string; size: number }): Promise<Draft[]> {
    const statement = `SELECT ${COLUMNS} FROM drafts WHERE starts_with(subject, $1) ORDER BY received_at DESC LIMIT $2`;
    return (await this.#pool.query<Row>(statement, [beginning, size])).rows.map(toDraft);
  }

  /** What was removed; undefined: there was no such draft. */
  async remove(reference: string): Promise<Draft | undefined> {
    const statement = `DELETE FROM drafts WHERE reference = $1 RETURNING ${COLUMNS}`;
    const [row] = (await this.#pool.query<Row>(statement, [reference])).rows;
    return row && toDraft(row);
  }

  /** Works on what waits longest. */
  async work(): Promise<void> {
    await this.#pool.query(WORK);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
