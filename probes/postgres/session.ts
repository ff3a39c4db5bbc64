import { Socket } from 'node:net';
import pg from 'pg';
import type { StoreConnection } from '../store/store-driver.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';
import { errorClass, REFUSED_AT_ONCE, DEFINITE_FAILURES, sqlState } from './errors.ts';
import { connectToPrimary, FirstPrimarySession, isSeveral, NoPrimary } from './first-primary.ts';
import { clientOptions, connectWithin, IN_RECOVERY, OF_PRIMARY } from './query.ts';
import { errorCode } from '../../reports/record/error-text.ts';

/** The schema is Plumbline's own, so that its canaries are never among the application's tables. */
export const CANARY_TABLE = 'plumbline_canary.writes';

/**
 * No primary key and no unique index: a write that is applied twice must show as two rows. `written_at` is for people and for
 * the time to live.
 */
const PREPARE = [
  'CREATE SCHEMA IF NOT EXISTS plumbline_canary',
  `CREATE TABLE IF NOT EXISTS ${CANARY_TABLE} (
     run text NOT NULL, n bigint NOT NULL, written_at timestamptz NOT NULL DEFAULT clock_timestamp())`,
  `CREATE INDEX IF NOT EXISTS writes_run_n ON ${CANARY_TABLE} (run, n)`,
  `DELETE FROM ${CANARY_TABLE} WHERE written_at < now() - interval '1 day'`,
];
/**
 * Statements without names: a pooler that gives each transaction another connection of the server (PgBouncer's transaction mode) would not find
 * a prepared one there.
 */
const INSERT = { text: `INSERT INTO ${CANARY_TABLE} (run, n) VALUES ($1, $2)` };
const SELECT = {
  text: `${OF_PRIMARY} SELECT coalesce(max(n), 0)::text AS n, pg_is_in_recovery() AS replica FROM ${CANARY_TABLE} WHERE run = $1`,
};

/** PostgreSQL's part of the client load. Autocommit: the statement's success is COMMIT's. */
export class PostgresLoadClient implements LoadClient {
  readonly #connection: StoreConnection;
  readonly #run: string;

  constructor(connection: StoreConnection, run: string) {
    this.#connection = connection;
    this.#run = run;
  }

  async prepare(deadlineMs: number): Promise<void> {
    const connect = isSeveral(this.#connection) ? connectToPrimary : connectWithin;
    const client = await connect(this.#connection, { deadlineMs });
    try {
      for (const statement of PREPARE) await client.query(statement);
    } finally {
      client.destroy();
    }
  }

  session(): ClientLoadSession {
    const sessionWith = (to: StoreConnection): PostgresSession => new PostgresSession(to, this.#run);
    return isSeveral(this.#connection)
      ? new FirstPrimarySession(this.#connection, sessionWith)
      : sessionWith(this.#connection);
  }

  refused(error: unknown): boolean {
    if (error instanceof NoPrimary) return error.refused((passed) => this.refused(passed));
    if (sqlState(error) !== null) return (sqlState(error) ?? '') in REFUSED_AT_ONCE;
    return errorCode(error) === 'ECONNREFUSED';
  }

  errorClass(error: unknown): string {
    return errorClass(error);
  }
}

class PostgresSession implements ClientLoadSession {
  readonly #socket = new Socket();
  readonly #client: pg.Client;
  readonly #run: string;
  #open = false;
  /** The server's WARNINGs during the current operation, by SQLSTATE. */
  readonly #warnings: string[] = [];

  constructor(connection: StoreConnection, run: string) {
    this.#run = run;
    this.#client = new pg.Client({
      ...clientOptions(connection),
      stream: () => this.#socket,
      application_name: 'plumbline-client-load',
      keepAlive: false,
    });
    const broken = (): void => {
      this.#open = false;
    };
    this.#client.on('error', broken);
    this.#client.on('end', broken);
    this.#socket.on('close', broken);
    this.#client.on('notice', (notice) => {
      // e.g. 01000 "canceling wait for synchronous replication": COMMIT then succeeds although no replica has it. The word is in the server's
      // language (lc_messages), the class of the SQLSTATE is not.
      const isWarning = notice.severity === 'WARNING' || notice.code?.startsWith('01') === true;
      if (isWarning) this.#warnings.push(notice.code ?? 'no SQLSTATE');
    });
  }

  async open(connectTimeoutMs: number): Promise<void> {
    // SYN packets that are dropped are sent again after 1 s only: without a limit of our own the return would be seen late.
    const timer = setTimeout(() => {
      this.#socket.destroy(new Error('no connection within the limit'));
    }, connectTimeoutMs);
    this.#socket.once('connect', () => {
      clearTimeout(timer);
    });
    try {
      await this.#client.connect();
      this.#open = !this.#socket.destroyed;
    } finally {
      clearTimeout(timer);
    }
  }

  async write(n: number): Promise<OperationResult> {
    this.#warnings.length = 0;
    try {
      await this.#client.query({ ...INSERT, values: [this.#run, n] });
      const warning = this.#warnings[0];
      if (warning !== undefined) return { outcome: 'unknown', detail: `warning ${warning}` };
      return { outcome: 'ok' };
    } catch (error) {
      const definite = (sqlState(error) ?? '') in DEFINITE_FAILURES;
      return { outcome: definite ? 'fail' : 'unknown', detail: errorClass(error) };
    }
  }

  async read(): Promise<OperationResult> {
    try {
      const { rows } = await this.#client.query<{ n: string; replica: boolean }>({
        ...SELECT,
        values: [this.#run],
      });
      const row = rows[0];
      if (row === undefined) return { outcome: 'unknown', detail: 'no row' };
      return { outcome: 'ok', detail: row.replica ? `${row.n}@replica` : row.n };
    } catch (error) {
      return { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  /** @throws the error of the question */
  async inRecovery(): Promise<boolean> {
    const { rows } = await this.#client.query<{ replica: boolean }>(IN_RECOVERY);
    return rows[0]?.replica !== false;
  }

  usable(): boolean {
    return this.#open;
  }

  destroy(): void {
    this.#open = false;
    this.#socket.destroy();
  }
}
