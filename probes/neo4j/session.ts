import { int } from 'neo4j-driver';
import type { Session, Transaction } from 'neo4j-driver';
import type { StoreConnection } from '../store/store-driver.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';
import { BoltConnection } from './bolt.ts';
import { BoltUnreachable, errorClass } from './errors.ts';
import { connectWithin } from './query.ts';

/** Plumbline's own label, so that its canaries are never among the application's nodes. */
export const CANARY_LABEL = 'PlumblineCanary';
const RUN_LABEL = 'PlumblineRun';

/** No constraint: a write that is applied twice must show as two nodes. The index is for reading only. */
const INDEX = `CREATE INDEX plumbline_canary IF NOT EXISTS FOR (w:${CANARY_LABEL}) ON (w.run, w.n)`;
const AWAIT_INDEX = `CALL db.awaitIndex('plumbline_canary', $seconds)`;
/** The time to live of canary data: a day from the start of its run. */
const EXPIRED = `MATCH (r:${RUN_LABEL}) WHERE r.at < datetime() - duration('P1D')`;
/** So many a transaction. Not by CALL … IN TRANSACTIONS: what a subquery takes over from outside is written in another way since Neo4j 5.23. */
const EXPIRE = `
  ${EXPIRED} MATCH (w:${CANARY_LABEL}) WHERE w.run = r.run
  WITH w LIMIT 10000 DELETE w RETURN count(*) AS deleted`;
const EXPIRE_RUNS = `${EXPIRED} DELETE r`;
const BEGIN_RUN = `CREATE (:${RUN_LABEL} {run: $run, at: datetime()})`;
const CREATE = `CREATE (:${CANARY_LABEL} {run: $run, n: $n})`;
/** The bound on n lets the planner take the order from the index, so that one entry is read, not all. */
const HIGHEST = `
  MATCH (w:${CANARY_LABEL}) WHERE w.run = $run AND w.n > 0
  RETURN w.n AS n ORDER BY w.run DESC, w.n DESC LIMIT 1`;

/** Neo4j's part of the client load: explicit transactions, one attempt each. */
export class Neo4jLoadClient implements LoadClient {
  readonly #connection: StoreConnection;
  readonly #run: string;

  constructor(connection: StoreConnection, run: string) {
    this.#connection = connection;
    this.#run = run;
  }

  async prepare(deadlineMs: number): Promise<void> {
    const bolt = await connectWithin(this.#connection, { deadlineMs });
    try {
      await bolt.run(INDEX);
      await bolt.run(AWAIT_INDEX, { seconds: int(Math.ceil(deadlineMs / 1000)) });
      await bolt.run(BEGIN_RUN, { run: this.#run });
      // Leftovers are no reason to fail. They come last, since the driver closes a connection on which a right was missing.
      await deleteExpired(bolt).catch(() => undefined);
    } finally {
      bolt.destroy();
    }
  }

  session(): ClientLoadSession {
    return new Neo4jSession(this.#connection, this.#run);
  }

  refused(error: unknown): boolean {
    return error instanceof BoltUnreachable && error.code === 'ECONNREFUSED';
  }

  errorClass(error: unknown): string {
    return errorClass(error);
  }
}

async function deleteExpired(bolt: BoltConnection): Promise<void> {
  for (;;) {
    const [row] = await bolt.run<{ deleted: number }>(EXPIRE);
    if (row === undefined || row.deleted === 0) break;
  }
  await bolt.run(EXPIRE_RUNS);
}

class Neo4jSession implements ClientLoadSession {
  readonly #bolt: BoltConnection;
  readonly #run: string;

  constructor(connection: StoreConnection, run: string) {
    this.#bolt = new BoltConnection(connection);
    this.#run = run;
  }

  open(connectTimeoutMs: number): Promise<void> {
    return this.#bolt.open(connectTimeoutMs);
  }

  async write(n: number): Promise<OperationResult> {
    const sent = { commit: false };
    try {
      await this.#bolt.withSession(async (session) => {
        const transaction = await begun(session, CREATE, { run: this.#run, n: int(n) });
        sent.commit = true;
        await transaction.commit();
      });
      return { outcome: 'ok' };
    } catch (error) {
      return sent.commit
        ? { outcome: 'unknown', detail: errorClass(error) }
        : { outcome: 'fail', detail: `before COMMIT: ${errorClass(error)}` };
    }
  }

  async read(): Promise<OperationResult> {
    try {
      const [row] = await this.#bolt.run<{ n: number }>(HIGHEST, { run: this.#run });
      return { outcome: 'ok', detail: String(row?.n ?? 0) };
    } catch (error) {
      return { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  usable(): boolean {
    return this.#bolt.usable();
  }

  destroy(): void {
    this.#bolt.destroy();
  }
}

/** BEGIN and the statement leave together; resolves when both were answered. */
async function begun(
  session: Session,
  query: string,
  parameters: Record<string, unknown>,
): Promise<Transaction> {
  const transaction = session.beginTransaction();
  await transaction.run(query, parameters);
  return transaction;
}
