import { DatabaseError } from 'pg';
import { errorCode, errorText, firstWords } from '../../reports/record/error-text.ts';

/**
 * The SQLSTATEs that prove that an INSERT in a transaction of its own was not committed: the server refused the statement
 * before it had done anything. Everything that can come while a commit is under way or waits for a replica
 * (57P01 administrator command, 57014 cancelled, 08006 connection failure, 40001 …) proves nothing and is `unknown`.
 */
export const DEFINITE_FAILURES: Readonly<Record<string, string>> = {
  '25006': 'cannot execute INSERT in a read-only transaction',
  '42P01': 'the table does not exist',
  '42501': 'no right to write',
  '3F000': 'the schema does not exist',
};

/**
 * Answers to a login by a server that is there and takes nobody now. As after a refused connection, one at a time may ask
 * again soon: sixteen at once would slow down a server that starts, or take the places that are about to be free.
 */
export const REFUSED_AT_ONCE: Readonly<Record<string, string>> = {
  '53300': 'too many connections',
  '57P03': 'starting up, shutting down or in recovery',
};

/** SQLSTATE of a table that is not there: it holds nothing. */
export const UNDEFINED_TABLE = '42P01';

/** Besides: any error before the connection was ready, since the statement had not left the client. */
export const DEFINITE_FAILURE_NAMES: readonly string[] = [
  'connect: any error before the statement was sent',
  ...Object.entries(DEFINITE_FAILURES).map(([state, what]) => `${state}: ${what}`),
];

/** A short class for a history: SQLSTATE, errno, or the first words of the message. Messages of servers may hold data: cut. */
export function errorClass(error: unknown): string {
  if (error instanceof DatabaseError) return `${error.code ?? 'no SQLSTATE'} ${firstWords(error.message)}`;
  return errorCode(error) ?? firstWords(errorText(error));
}

/** The SQLSTATE of a server's error; null for anything else. */
export function sqlState(error: unknown): string | null {
  return error instanceof DatabaseError ? (error.code ?? null) : null;
}
