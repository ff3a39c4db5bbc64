/** Why a call to the API server gave no answer that can be used. */
import { errorText } from '../../reports/record/error-text.ts';
import { NoCredentials } from './access/credential-plugin.ts';

export type KubeReason =
  | 'unreachable'
  /** A command of the kubeconfig gave none, so that nothing was asked. */
  | 'credentials'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'timeout'
  | 'conflict'
  | 'gone'
  | 'invalid'
  | 'server'
  | 'aborted';

const BY_STATUS: Record<number, KubeReason> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  405: 'invalid',
  409: 'conflict',
  410: 'gone',
  415: 'invalid',
  422: 'invalid',
  504: 'timeout',
};

/** A call to the API server that failed, with the reason in one word and the sentence that the server gave. */
export class KubeError extends Error {
  readonly reason: KubeReason;
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  readonly verb: string;
  readonly path: string;

  constructor(
    reason: KubeReason,
    message: string,
    where: { verb: string; path: string; status?: number; cause?: unknown },
  ) {
    super(message, { cause: where.cause });
    this.name = 'KubeError';
    this.reason = reason;
    this.status = where.status;
    this.verb = where.verb;
    this.path = where.path;
  }
}

/** Turns an answer of 400 and above into an error; the message is that of the `Status` object in the body. */
export function errorOfAnswer(
  status: number,
  body: string,
  where: { verb: string; path: string },
): KubeError {
  const reason = BY_STATUS[status] ?? 'server';
  return new KubeError(reason, `${where.verb} ${where.path}: ${status} ${messageOf(body)}`, {
    ...where,
    status,
  });
}

/** The error for a failed socket, a passed deadline (`timedOut`) or an abort by the caller (`aborted`). */
export function errorOfFailure(
  cause: unknown,
  where: {
    verb: string;
    path: string;
    server: string;
    timedOut: boolean;
    aborted: boolean;
    timeoutMs: number;
  },
): KubeError {
  if (cause instanceof KubeError) return cause;
  const place = `${where.verb} ${where.path} at ${where.server}`;
  if (where.aborted) return new KubeError('aborted', `${place}: aborted`, { ...where, cause });
  if (cause instanceof NoCredentials) {
    const add = cause.ran ? '; log in again' : '';
    return new KubeError('credentials', `${place}: ${cause.message}${add}`, { ...where, cause });
  }
  if (where.timedOut)
    return new KubeError('timeout', `${place}: no answer within ${where.timeoutMs} ms`, { ...where, cause });
  const detail =
    cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : String(cause);
  return new KubeError('unreachable', `${place}: ${detail}`, { ...where, cause });
}

/** One line for `{unavailable: …}`: the reason first, so that judges and people can tell missing rights from a dead server. */
export function unavailableText(error: unknown): string {
  if (error instanceof KubeError) return `${error.reason}: ${error.message}`;
  return errorText(error);
}

/** On one line: an admission webhook, too, may put anything into it. */
function messageOf(body: string): string {
  return saidIn(body).replaceAll(/\s+/g, ' ').trim();
}

function saidIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message);
  } catch {
    // Proxies answer in HTML or plain text.
  }
  return body.slice(0, 200);
}
