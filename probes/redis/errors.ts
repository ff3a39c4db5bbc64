import { ReplyError } from 'ioredis';
import { errorCode, errorText, firstWords } from '../../reports/record/error-text.ts';

/**
 * The error codes with which Redis refuses a command before it has done anything. Everything else (a connection that breaks, no
 * answer, UNBLOCKED because the role changed while WAIT was waiting) proves nothing and is `unknown`.
 */
export const DEFINITE_FAILURES: Readonly<Record<string, string>> = {
  NOREPLICAS: 'fewer good replicas than min-replicas-to-write',
  READONLY: 'this is a replica',
  MASTERDOWN:
    'a replica that has lost its master and is configured not to answer meanwhile (replica-serve-stale-data no)',
  CLUSTERDOWN: 'the cluster, or the slot of the key, is not served',
  MOVED: 'the slot of the key is served by another node, which could not be reached',
  ASK: 'the slot of the key is being moved to another node, which could not be reached',
  LOADING: 'the data is being loaded from disk',
  NOAUTH: 'no password was given',
  WRONGPASS: 'the password is wrong',
  NOPERM: 'no right to this command or key',
  OOM: 'above maxmemory, and nothing may be evicted',
  MISCONF: 'the last write to disk failed, so that writes are refused',
};

export const DEFINITE_FAILURE_NAMES: readonly string[] = [
  'connect: any error before the command was sent (no Sentinel answers, no connection, not a master)',
  ...Object.entries(DEFINITE_FAILURES).map(([code, what]) => `${code}: ${what}`),
];

/** The code of a server's error reply, such as READONLY; null for anything else. */
export function replyCode(error: unknown): string | null {
  // ioredis does not type its error class.
  if (!(error instanceof Error) || !(error instanceof ReplyError)) return null;
  return /^[A-Z]+/.exec(error.message)?.[0] ?? null;
}

/** A short class for a history: a reply's code, errno, or the first words of the message. */
export function errorClass(error: unknown): string {
  return replyCode(error) ?? errorCode(error) ?? firstWords(errorText(error));
}
