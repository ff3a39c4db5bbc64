import { Socket } from 'node:net';
import pg from 'pg';
import { monoMs } from '../../host/clock.ts';
import { retry } from '../../host/wait.ts';
import { askFailureOf } from '../asking.ts';
import { dialled } from '../store/store-driver.ts';
import type { Bounds, StoreConnection, StoreMember, StoreTarget } from '../store/store-driver.ts';
import { tlsOptions } from '../store/tls.ts';

/** A connection for looking; every query on it has a deadline. */
export interface ShortClient {
  /** @throws pg's DatabaseError, a network error, or `PostgresTimeout` when the deadline passed. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Ends it at once. */
  destroy(): void;
}

const DEFAULT_PORT = 5432;
/**
 * Begins a question for the server that takes the writes at an address. Pgpool may have a replica answer what it takes for a question that only reads;
 * what begins with a comment it sends to the primary (its documentation, "Load Balancing"), unless `allow_sql_comments` is set.
 */
export const OF_PRIMARY = '/* of the primary */';
/** Whether the server that answers is a replica. */
export const IN_RECOVERY = `${OF_PRIMARY} SELECT pg_is_in_recovery() AS replica`;

/** Straight to a member, past every Service. */
export function connectionOf({ connection }: StoreTarget, { address, port }: StoreMember): StoreConnection {
  return { ...connection, host: address, port: port ?? DEFAULT_PORT };
}

/** Where and as whom pg connects. */
export function clientOptions({
  host,
  port,
  database,
  user,
  password,
  tls,
}: StoreConnection): pg.ClientConfig {
  const account = { host, port, database, user, password };
  return tls === undefined ? account : { ...account, ssl: tlsOptions(tls) };
}

/** The server did not answer before the deadline. */
export class PostgresTimeout extends Error {
  override readonly name = 'PostgresTimeout';
  constructor(host: string, port: number, deadlineMs: number) {
    super(`PostgreSQL at ${host}:${port} did not answer within ${Math.round(deadlineMs)} ms`);
  }
}

/**
 * Opens one connection whose socket is destroyed at the deadline (ms from now) or when the signal fires: a frozen server does not enforce
 * its own time-outs. `connectMs` limits only the connecting.
 * @throws PostgresTimeout, the abort reason, or the error of the connection
 */
export async function connectOnce(
  connection: StoreConnection,
  bounds: Bounds,
  connectMs: number = bounds.deadlineMs,
): Promise<ShortClient> {
  bounds.signal?.throwIfAborted();
  const startMs = monoMs();
  const at = await dialled(connection, connection, { ...bounds, deadlineMs: connectMs });
  const tookMs = monoMs() - startMs;
  const socket = new Socket();
  const client = new pg.Client({
    ...clientOptions({ ...connection, ...at }),
    stream: () => socket,
    application_name: 'plumbline-probe',
  });
  let cause: Error | null = null;
  const end = (why: Error): void => {
    cause ??= why;
    socket.destroy();
  };
  const timer = setTimeout(
    () => end(new PostgresTimeout(connection.host, connection.port, bounds.deadlineMs)),
    Math.max(1, bounds.deadlineMs - tookMs),
  );
  const connecting = setTimeout(
    () => {
      end(new PostgresTimeout(connection.host, connection.port, connectMs));
    },
    Math.max(1, connectMs - tookMs),
  );
  const abort = (): void => {
    end(new Error('aborted', { cause: bounds.signal?.reason }));
  };
  bounds.signal?.addEventListener('abort', abort, { once: true });
  // Without a listener an error between two queries would end this process; the next query reports it.
  client.on('error', () => undefined);
  const tidy = (): void => {
    clearTimeout(timer);
    clearTimeout(connecting);
    bounds.signal?.removeEventListener('abort', abort);
    socket.destroy();
  };
  socket.on('error', () => undefined);
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw cause ?? error;
    }
  };
  try {
    await guarded(client.connect());
    clearTimeout(connecting);
  } catch (error) {
    tidy();
    throw error;
  }
  return {
    query: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      (await guarded(client.query<Row>(text, values))).rows,
    destroy: tidy,
  };
}

/** Longest single attempt: an unanswered SYN is sent again after 1 s, then after 2 s more. */
export const ATTEMPT_MS = 1500;
export const BETWEEN_ATTEMPTS_MS = 100;

/** An error that no further attempt changes: the server's own, or a certificate that does not hold. */
export function isFinal(error: unknown): boolean {
  return error instanceof pg.DatabaseError || askFailureOf(error).cause === 'tls';
}

/**
 * As `connectOnce`, but retries while the server is unreachable: shortly after a failover a Service may still lead some new connections
 * to the pod that is gone. An error from the server itself (a wrong password, too many connections) is final, and so
 * is a certificate that does not hold.
 */
export async function connectWithin(connection: StoreConnection, bounds: Bounds): Promise<ShortClient> {
  try {
    return await retry(
      (deadlineMs) => connectOnce(connection, { ...bounds, deadlineMs }, Math.min(deadlineMs, ATTEMPT_MS)),
      {
        ...bounds,
        intervalMs: BETWEEN_ATTEMPTS_MS,
        isFinal,
      },
    );
  } catch (error) {
    // The last attempt had only what was left of the time.
    const { host, port } = connection;
    throw error instanceof PostgresTimeout ? new PostgresTimeout(host, port, bounds.deadlineMs) : error;
  }
}

/** One question, one answer, one connection. @throws as `connectWithin` and `ShortClient.query` */
export async function queryOnce<Row extends pg.QueryResultRow>(
  connection: StoreConnection,
  text: string,
  bounds: Bounds,
): Promise<Row[]> {
  const client = await connectWithin(connection, bounds);
  try {
    return await client.query<Row>(text);
  } finally {
    client.destroy();
  }
}
