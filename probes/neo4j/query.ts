import { monoMs } from '../../host/clock.ts';
import { retry } from '../../host/wait.ts';
import { askFailureOf } from '../asking.ts';
import type { Bounds, StoreConnection } from '../store/store-driver.ts';
import { BoltConnection } from './bolt.ts';
import type { BoltOptions, Parameters, Row } from './bolt.ts';
import { serverCode } from './errors.ts';
import { explainedByTls } from './spoken.ts';

/** The server did not answer before the deadline. */
export class Neo4jTimeout extends Error {
  override readonly name = 'Neo4jTimeout';
  constructor(where: string, deadlineMs: number) {
    super(`Neo4j at ${where} did not answer within ${Math.round(deadlineMs)} ms`);
  }
}

/** Longest single attempt: an unanswered SYN is sent again after 1 s, then after 2 s more. */
const ATTEMPT_MS = 1500;
const BETWEEN_ATTEMPTS_MS = 100;

/**
 * Runs work on a connection that is destroyed at the deadline (ms from now) or when the signal fires: a frozen server does not enforce
 * its own time-outs.
 * @throws Neo4jTimeout, the abort reason, or what the work threw
 */
export async function bounded<T>(
  bolt: BoltConnection,
  where: string,
  bounds: Bounds,
  work: () => Promise<T>,
): Promise<T> {
  bounds.signal?.throwIfAborted();
  const ending = Promise.withResolvers<never>();
  const end = (why: unknown): void => {
    ending.reject(why);
    bolt.destroy();
  };
  const timer = setTimeout(() => end(new Neo4jTimeout(where, bounds.deadlineMs)), bounds.deadlineMs);
  const abort = (): void => end(new Error('aborted', { cause: bounds.signal?.reason }));
  bounds.signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(), ending.promise]);
  } finally {
    clearTimeout(timer);
    bounds.signal?.removeEventListener('abort', abort);
  }
}

/** One attempt to connect. The caller destroys it. @throws as `bounded`, or that TLS is the cause */
export async function connectOnce(
  connection: StoreConnection,
  bounds: Bounds,
  options: BoltOptions = {},
): Promise<BoltConnection> {
  const end = monoMs() + bounds.deadlineMs;
  const bolt = new BoltConnection(connection, options);
  try {
    await bounded(bolt, whereOf(connection), bounds, () =>
      bolt.open(Math.max(1, Math.min(bounds.deadlineMs, ATTEMPT_MS))),
    );
  } catch (error) {
    throw await explainedByTls(error, connection, Math.max(1, end - monoMs()));
  }
  return bolt;
}

/**
 * As `connectOnce`, but retries while the server is unreachable: a Service may lead to a pod that is gone or not up yet. An error from
 * the server itself (a wrong password, a database that does not exist) is final, and so is a certificate that does not hold.
 */
export async function connectWithin(
  connection: StoreConnection,
  bounds: Bounds,
  options: BoltOptions = {},
): Promise<BoltConnection> {
  return await retry((deadlineMs) => connectOnce(connection, { ...bounds, deadlineMs }, options), {
    ...bounds,
    intervalMs: BETWEEN_ATTEMPTS_MS,
    isFinal: (error) => serverCode(error) !== null || askFailureOf(error).cause === 'tls',
  });
}

/** One question, one answer, one connection. @throws as `connectWithin` and the server's errors */
export async function queryOnce<R extends Row>(
  connection: StoreConnection,
  question: { query: string; parameters?: Parameters; options?: BoltOptions },
  bounds: Bounds,
): Promise<R[]> {
  const end = monoMs() + bounds.deadlineMs;
  const bolt = await connectWithin(connection, bounds, question.options);
  try {
    const left = { ...bounds, deadlineMs: Math.max(1, end - monoMs()) };
    return await bounded(bolt, whereOf(connection), left, () =>
      bolt.run<R>(question.query, question.parameters),
    );
  } finally {
    bolt.destroy();
  }
}

function whereOf({ host, port }: StoreConnection): string {
  return `${host}:${port}`;
}
