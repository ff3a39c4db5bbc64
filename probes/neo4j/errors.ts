import { Neo4jError } from 'neo4j-driver';
import { errorText, firstWords } from '../../reports/record/error-text.ts';

/**
 * A write is a transaction of its own: BEGIN, CREATE, COMMIT, each answered before the next is sent. Until COMMIT has left this
 * process the server cannot have committed, and it rolls back what is open when the connection ends (Bolt protocol, "Transaction
 * states"). After that every error, transient ones too, leaves the commit unsure.
 */
export const DEFINITE_FAILURE_NAMES: readonly string[] = [
  'connect: any error before the transaction was begun',
  'before COMMIT: any error while COMMIT had not been sent (NotALeader, ForbiddenOnReadOnlyDatabase, DatabaseUnavailable, connection lost, …)',
];

/** The way to the server failed: nothing listens, nothing answers, or the connection is gone. */
export class BoltUnreachable extends Error {
  override readonly name = 'BoltUnreachable';
  /** The socket's errno where it had one, such as ECONNREFUSED, else the driver's class. */
  readonly code: string;

  constructor(where: string, code: string, cause: unknown) {
    super(`Neo4j at ${where}: ${code}: ${firstWords(errorText(cause), 160)}`, {
      cause,
    });
    this.code = code;
  }
}

/** A server that was reached by a routing table does not take writes any more. */
const MISROUTED: readonly string[] = [
  'Neo.ClientError.Cluster.NotALeader',
  'Neo.ClientError.General.ForbiddenOnReadOnlyDatabase',
];

export function isMisrouted(code: string): boolean {
  return MISROUTED.includes(code);
}

/** The account may not do it. A server that is not to be written to has codes of its own. */
export function isForbidden(error: unknown): boolean {
  return serverCode(error) === 'Neo.ClientError.Security.Forbidden';
}

/** Without the prefix that all of the server's codes have. */
const PREFIX = /^Neo\.(?:ClientError|TransientError|DatabaseError)\./;

/** A short class for a history: the server's code, or the errno of the way to it. Messages of servers may hold data: left out. */
export function errorClass(error: unknown): string {
  if (error instanceof BoltUnreachable) return error.code;
  if (error instanceof Neo4jError) return error.code.replace(PREFIX, '');
  return firstWords(errorText(error));
}

/** The code of an error that the server itself gave, such as Neo.ClientError.Cluster.NotALeader; null for anything else. */
export function serverCode(error: unknown): string | null {
  return error instanceof Neo4jError && error.code.startsWith('Neo.') ? error.code : null;
}
