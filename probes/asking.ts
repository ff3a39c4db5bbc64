import { connect } from 'node:net';
import { CANNOT_ASK, DOWN } from '../reports/record/ask-causes.ts';
import type { CannotAsk, Down } from '../reports/record/ask-causes.ts';
import { HttpError } from '../host/http.ts';
import { errorText } from '../reports/record/error-text.ts';

export type { CannotAsk } from '../reports/record/ask-causes.ts';

/** What an error says of the store that was asked. Only `down` is a fault of the store. */
export type AskFailure = { kind: 'cannot-ask'; cause: CannotAsk } | { kind: 'down'; cause: Down };

/** An error whose meaning is known where it is thrown. */
export class AskError extends Error {
  override readonly name = 'AskError';
  readonly failure: AskFailure;
  constructor(message: string, failure: AskFailure, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/** Nobody of those beside the members answers, such as the Sentinels: whether they are down shows in their pods, not in those of the members. */
export class PeersError extends AggregateError {
  override readonly name = 'PeersError';
}

/** @returns an error that says that the store cannot be asked, for this reason */
export function cannotAsk(cause: CannotAsk, message: string, options?: ErrorOptions): AskError {
  return new AskError(message, { kind: 'cannot-ask', cause }, options);
}

/** @returns an error that says that the store is down */
export function isDown(cause: Down, message: string, options?: ErrorOptions): AskError {
  return new AskError(message, { kind: 'down', cause }, options);
}

/**
 * What an error of querying a store means. An error of several members or addresses is examined whole: one server that was reached and
 * refuses shows that there is a route, so the store is down. An error that no rule knows does not prove that it is down.
 */
export function askFailureOf(error: unknown): AskFailure {
  const found = failuresIn(error);
  const first = (test: (one: AskFailure) => boolean): AskFailure | undefined => found.find(test);
  return (
    first(({ cause }) => cause === 'refuses' || cause === 'absent') ??
    first(({ cause }) => cause === 'route') ??
    first(({ kind }) => kind === 'down') ??
    found[0] ?? { kind: 'cannot-ask', cause: 'protocol' }
  );
}

/**
 * Whether only refused connections show that the store is down: nothing listened at the address. The server of a wrong port or behind a
 * firewall that rejects looks the same.
 */
export function isOnlyRefused(error: unknown): boolean {
  const refusals = errorsIn(error).filter((one) => meaningOf(one)?.cause === 'refuses');
  return refusals.length > 0 && refusals.every((one) => /\bECONNREFUSED\b/.test(codeAndText(one)));
}

/** Whether an error holds one that says by itself that no way leads there: then nothing else in it is about the store. */
export function isWithoutWay(error: unknown): boolean {
  return errorsIn(error).some((one) => one instanceof AskError && one.failure.cause === 'route');
}

/** The ports at which connections were refused, as Node names them; empty where the error does not hold them. */
export function refusedPorts(error: unknown): number[] {
  const within = innerOf(error).flatMap(refusedPorts);
  const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  return refused && 'port' in error && typeof error.port === 'number' ? [error.port, ...within] : within;
}

/** amqplib keeps nothing of why the server closed the connection, which it does at this point for the virtual host alone. */
const NO_VHOST = /Expected ConnectionOpenOk; got <ConnectionClose/;

/** What declares the authority and the name of a certificate, as a message names them. */
interface TlsSettings {
  ca: string;
  name: string;
}
const OF_STORES: TlsSettings = { ca: 'tls.ca', name: 'tls.serverName' };

/** What an operator can act on, for errors whose own text names the cause only to one who knows the library that wrote it. */
const PLAIN: readonly { error: RegExp; means: (settings: TlsSettings) => string }[] = [
  { error: /CERT_HAS_EXPIRED|certificate has expired/, means: () => 'its certificate has expired' },
  {
    error: /CERT_NOT_YET_VALID|certificate is not yet valid/,
    means: () => 'its certificate is not valid yet',
  },
  {
    error: /ERR_TLS_CERT_ALTNAME_INVALID|certificate's altnames/,
    means: ({ name }) => `its certificate is for other names than the declared one (${name})`,
  },
  {
    error:
      /UNABLE_TO_(?:VERIFY|GET_ISSUER)|SELF_SIGNED|self-signed certificate|unable to (?:verify the first|get (?:local )?issuer) certificate/,
    means: ({ ca }) => `its certificate is not of the declared certificate authority (${ca})`,
  },
  { error: /\bENOTFOUND\b|\bEAI_(?:AGAIN|NODATA|NONAME)\b/, means: () => 'its name does not resolve' },
  {
    error: NO_VHOST,
    means: () => 'it refuses the virtual host (vhost): it is not there, or the account may not use it',
  },
];
const BY_CAUSE: Partial<Record<AskFailure['cause'], string>> = {
  credentials: 'it refuses the account (user, password, what it may use)',
  refuses: 'the connection is refused: nothing listens there, or a firewall rejects it',
  silent: 'no answer',
  'too-large': 'it says more than is read at once',
};
/** Node adds it to errors of certificates; no setting of an environment file does that. */
const NODE_ADVICE = /; if the root CA is installed locally, try running Node\.js with --use-system-ca/g;

/**
 * The message of an error of asking a store, or another server, with its cause in plain words before it.
 * @param settings those that declare its certificate
 */
export function askText(error: unknown, settings: TlsSettings = OF_STORES): string {
  const said = errorText(error).replaceAll(NODE_ADVICE, '');
  const leaves = errorsIn(error);
  if (leaves.some((one) => one instanceof AskError)) return said;
  const text = [said, ...leaves.map(codeAndText)].join(' ');
  const { cause } = askFailureOf(error);
  const ofCause = cause === 'refuses' && !isOnlyRefused(error) ? undefined : BY_CAUSE[cause];
  const means = PLAIN.find((one) => one.error.test(text))?.means(settings) ?? ofCause;
  return means === undefined ? said : `${means}: ${said}`;
}

function codeAndText(error: Error): string {
  return 'code' in error ? `${String(error.code)} ${error.message}` : error.message;
}

/** `cannot-ask/tls`, `down/silent`: a word to branch on where an error crosses a socket. */
export function askWord({ kind, cause }: AskFailure): string {
  return `${kind}/${cause}`;
}

/** Which kind of `cannot-ask` a word of `askWord` stands for; null for any other word. */
export function cannotAskIn(word: string): CannotAsk | null {
  return CANNOT_ASK.find((cause) => word === askWord({ kind: 'cannot-ask', cause })) ?? null;
}

/** Which kind of `down` a word of `askWord` stands for; null for any other word. */
export function downIn(word: string): Down | null {
  return DOWN.find((cause) => word === askWord({ kind: 'down', cause })) ?? null;
}

/** The meaning of each error that has no further one below it; a wrapper that is known by itself hides what it wraps. */
function failuresIn(error: unknown): AskFailure[] {
  return errorsIn(error).flatMap((one) => meaningOf(one) ?? []);
}

/** The errors that have a meaning, see `failuresIn`. */
function errorsIn(error: unknown): Error[] {
  if (error instanceof Error && meaningOf(error) !== null) return [error];
  return innerOf(error).flatMap(errorsIn);
}

function innerOf(error: unknown): unknown[] {
  if (error instanceof AggregateError) return error.errors;
  return error instanceof Error && error.cause !== undefined ? [error.cause] : [];
}

/** In this order: what is certain comes before what a message hints at. */
const RULES: readonly ((error: Error) => AskFailure | null)[] = [
  (error) => (error instanceof AskError ? error.failure : null),
  (error) =>
    error instanceof HttpError && error.tooLarge ? { kind: 'cannot-ask', cause: 'too-large' } : null,
  byStatus,
  byCode,
  byName,
  byMessage,
];

function meaningOf(error: Error): AskFailure | null {
  for (const rule of RULES) {
    const found = rule(error);
    if (found !== null) return found;
  }
  return null;
}

/** Answers over HTTP: those of Patroni, the management API and Elasticsearch, whose client calls it `statusCode`. */
function byStatus(error: Error): AskFailure | null {
  const status = statusOf(error);
  if (status === null) return null;
  if (status === 401 || status === 403) return { kind: 'cannot-ask', cause: 'credentials' };
  // 408: the server timed out itself; 429 and 5xx: it is there and does not serve.
  if (status === 408 || status === 429 || status >= 500) return { kind: 'down', cause: 'refuses' };
  return { kind: 'cannot-ask', cause: 'protocol' };
}

const ROUTE =
  /^(?:EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|ENOTFOUND|EAI_\w+|EADDRNOTAVAIL|EACCES|EPERM)$/;
const TLS =
  /^(?:ERR_(?:TLS|SSL)_|CERT_|EPROTO$|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_CA$)/;
const SILENT = /^(?:ETIMEDOUT|ESOCKETTIMEDOUT|timeout|connect timeout|ERR_SOCKET_CONNECTION_TIMEOUT)$/;

/** Each store's own codes, by their shape: errno, SQLSTATE, AMQP's numbers, Neo4j's names. */
const CODES: readonly { code: RegExp; failure: AskFailure }[] = [
  { code: /^ECONNREFUSED$/, failure: { kind: 'down', cause: 'refuses' } },
  { code: ROUTE, failure: { kind: 'cannot-ask', cause: 'route' } },
  { code: TLS, failure: { kind: 'cannot-ask', cause: 'tls' } },
  { code: SILENT, failure: { kind: 'down', cause: 'silent' } },
  // A server that requires TLS closes a plain connection without a word: a reset does not prove that it is down.
  { code: /^(?:ECONNRESET|EPIPE|HPE_\w+)$/, failure: { kind: 'cannot-ask', cause: 'protocol' } },
  // PostgreSQL, appendix A: too many connections, out of memory, shutting down, crashed, starting.
  { code: /^(?:53\w{3}|57P0[1-5])$/, failure: { kind: 'down', cause: 'refuses' } },
  // PostgreSQL: authorisation, a database that is not there, no right.
  { code: /^(?:28\w{3}|3D000|42501)$/, failure: { kind: 'cannot-ask', cause: 'credentials' } },
  // AMQP 0-9-1: access refused, not allowed (no such virtual host).
  { code: /^(?:403|530)$/, failure: { kind: 'cannot-ask', cause: 'credentials' } },
  // AMQP 0-9-1: closed by an operator, resources, an error within the server.
  { code: /^(?:320|506|541)$/, failure: { kind: 'down', cause: 'refuses' } },
  { code: /^Neo\.ClientError\.Security\./, failure: { kind: 'cannot-ask', cause: 'credentials' } },
  {
    code: /^Neo\.(?:TransientError|DatabaseError)\.|^Neo\.ClientError\.Cluster\./,
    failure: { kind: 'down', cause: 'refuses' },
  },
  { code: /^Neo\./, failure: { kind: 'cannot-ask', cause: 'protocol' } },
];

function byCode(error: Error): AskFailure | null {
  const code = 'code' in error ? error.code : null;
  if (typeof code !== 'string' && typeof code !== 'number') return null;
  // pg_hba.conf admits only TLS connections: the account is not the cause.
  if (code === '28000' && /no encryption|SSL off/.test(error.message))
    return { kind: 'cannot-ask', cause: 'tls' };
  return ofCode(String(code));
}

function ofCode(code: string): AskFailure | null {
  return CODES.find((one) => one.code.test(code))?.failure ?? null;
}

function byName({ name }: Error): AskFailure | null {
  if (name === 'ZodError' || name === 'SyntaxError' || name === 'ParserError')
    return { kind: 'cannot-ask', cause: 'protocol' };
  return /Timeout(?:Error)?$/.test(name) ? { kind: 'down', cause: 'silent' } : null;
}

/** For clients that give neither code nor class. Redis' replies begin with their code (its protocol specification, "Simple errors"). */
const MESSAGES: readonly { message: RegExp; failure: AskFailure }[] = [
  {
    message: /^(?:NOAUTH|WRONGPASS|NOPERM)\b|^ERR (?:invalid password|AUTH |Client sent AUTH)/,
    failure: { kind: 'cannot-ask', cause: 'credentials' },
  },
  // amqplib keeps the reply code of a closed handshake only in its text.
  {
    message: /^Handshake terminated by server: (?:403|530)/,
    failure: { kind: 'cannot-ask', cause: 'credentials' },
  },
  {
    message: /^Handshake terminated by server: (?:320|506|541)/,
    failure: { kind: 'down', cause: 'refuses' },
  },
  { message: NO_VHOST, failure: { kind: 'cannot-ask', cause: 'credentials' } },
  { message: /^SASL: /, failure: { kind: 'cannot-ask', cause: 'credentials' } },
  {
    message: /^(?:LOADING|MASTERDOWN|BUSY)\b|^ERR max number of clients/,
    failure: { kind: 'down', cause: 'refuses' },
  },
  {
    message: /certificate|does not support SSL|wrong version number/i,
    failure: { kind: 'cannot-ask', cause: 'tls' },
  },
  {
    message:
      /^Connection (?:terminated|is closed|was closed)|^Socket closed abruptly|^Protocol error|invalid (?:response|frame)/i,
    failure: { kind: 'cannot-ask', cause: 'protocol' },
  },
  {
    message: /no connection within the limit|Failed to establish connection in/,
    failure: { kind: 'down', cause: 'silent' },
  },
];

/** A system call's error whose code did not survive: the client of Elasticsearch keeps the text alone. */
const SYSTEM_CALL = /^(?:connect|getaddrinfo|read|write) (E[A-Z]+(?:_[A-Z]+)*)\b/;

function byMessage({ message }: Error): AskFailure | null {
  const [, code] = SYSTEM_CALL.exec(message) ?? [];
  if (code !== undefined) return ofCode(code);
  return MESSAGES.find((one) => one.message.test(message))?.failure ?? null;
}

function statusOf(error: Error): number | null {
  if ('status' in error && typeof error.status === 'number') return error.status;
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : null;
}

/**
 * What a failed query to a store's manager means: if the store itself answers, it is not down, and only its manager cannot be queried.
 * @returns the error to throw
 */
export async function withoutManager(
  error: unknown,
  what: string,
  askStore: () => Promise<unknown>,
): Promise<unknown> {
  // A manager that says too much is there.
  if (askFailureOf(error).cause === 'too-large') return error;
  try {
    await askStore();
  } catch {
    return error;
  }
  const said = errorText(error);
  return cannotAsk('manager', `${what}: ${said}`, { cause: error });
}

/** Whether a TCP connection is accepted in time; the kernel of a frozen server still accepts it. Never throws. */
export async function accepts(
  at: { host: string; port: number },
  bounds: { deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  return (await connectError(at, bounds)) === null;
}

/** Why no TCP connection is accepted in time; null: one is. Never throws. */
export function connectError(
  at: { host: string; port: number },
  { deadlineMs, signal }: { deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<Error | null> {
  return new Promise((resolve) => {
    const socket = connect({ ...at, timeout: deadlineMs });
    const end = (error: Error | null): void => {
      signal?.removeEventListener('abort', give);
      socket.destroy();
      resolve(error);
    };
    const late = new Error(`no connection within the limit of ${deadlineMs} ms`);
    const give = (): void => end(late);
    signal?.addEventListener('abort', give, { once: true });
    socket.once('connect', () => end(null));
    socket.once('timeout', give);
    socket.on('error', end);
  });
}
