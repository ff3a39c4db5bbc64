/** Why a source of telemetry gave no answer that can be used. */
export type SignalReason =
  /** No connection, a broken connection, a time-out, or an answer of an unexpected shape. */
  | 'unreachable'
  /** 401 or 403. */
  | 'refused'
  /** What is asked for is not there yet, and comes with the first record: an index, a field. */
  | 'absent'
  /** The query is wrong. */
  | 'bad query'
  /** It asks for more than the source, or this client, will handle. */
  | 'too much'
  /** The source answered with an error, or gave up on a part of its data. */
  | 'failed'
  /** There is an answer, with warnings: parts of the data are missing, or the query could not use some. */
  | 'partial';

/** Its message is for people and names the address; a password is never in it. */
export class SignalError extends Error {
  override readonly name = 'SignalError';
  readonly reason: SignalReason;
  /** HTTP status, where there was an answer. */
  readonly status: number | null;

  constructor(message: string, of: { reason: SignalReason; status?: number; cause?: unknown }) {
    super(message, of.cause === undefined ? undefined : { cause: of.cause });
    this.reason = of.reason;
    this.status = of.status ?? null;
  }
}
