/** Why Prometheus gave no answer that can be used. */
export type PrometheusReason =
  /** No connection, a broken connection, a time-out, or an answer that does not come from Prometheus. */
  | 'unreachable'
  /** 401 or 403. */
  | 'refused'
  /** The query is wrong: 400. */
  | 'bad query'
  /** It asks for more samples than Prometheus, or this client, will handle. */
  | 'too many samples'
  /** Prometheus gave up or is not ready: 422, 500 or 503. */
  | 'failed'
  /** There is an answer, with warnings: parts of the data are missing, or the query could not use some. */
  | 'partial';

/** An error of a query. Its message contains the address and the query, but never a password. */
export class PrometheusError extends Error {
  readonly reason: PrometheusReason;
  /** HTTP status, where there was an answer. */
  readonly status: number | null;
  readonly warnings: readonly string[];

  constructor(
    message: string,
    of: { reason: PrometheusReason; status?: number; warnings?: readonly string[]; cause?: unknown },
  ) {
    super(message, of.cause === undefined ? undefined : { cause: of.cause });
    this.name = 'PrometheusError';
    this.reason = of.reason;
    this.status = of.status ?? null;
    this.warnings = of.warnings ?? [];
  }

  /** Whether asking again, with the same question, may give an answer. */
  get isPassing(): boolean {
    return this.reason === 'unreachable' || this.reason === 'failed';
  }
}
