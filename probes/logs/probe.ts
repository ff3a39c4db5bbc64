import type { SignalBounds, SignalError } from '../signals/index.ts';
import type { FieldName } from './fields.ts';

/** One record of the log store. Empty texts stand for fields that it does not have. */
export interface LogRecord {
  /** Identifies the record in its store. */
  id: string;
  /** Wall clock ms, as the record says. */
  timeMs: number;
  message: string;
  service: string;
  traceId: string;
  correlationId: string;
  /** Number of a numbered line; null: it has none. */
  number: number | null;
  node: string;
  namespace: string;
  pod: string;
}

/** Every search is bounded by time, and by an id or a pod: other data in the store costs nothing. */
export interface LogSearch {
  /** Wall clock ms, both ends included. */
  fromMs: number;
  toMs: number;
  /** Records whose correlation id begins with this. */
  correlationId?: string;
  /** Records whose trace id begins with this, in small hexadecimal digits. */
  traceId?: string;
  /** Records of this pod. */
  pod?: { namespace: string; name: string };
  /** More records than this are an error: what was cut off must not be taken for lost. */
  most: number;
}

/** A store of logs. */
export interface LogProbe {
  readonly kind: string;
  /**
   * Records that match, in the order of their times.
   * @throws SignalError if the store does not answer, not for all its data, or not by the declared fields; the reason of the signal
   */
  search(search: LogSearch, bounds: SignalBounds): Promise<LogRecord[]>;
  /**
   * Why none of the records that a search finds has a field.
   * @returns null where nothing shows that it is declared wrongly
   * @throws SignalError if the store does not answer; the reason of the signal
   */
  absence(of: FieldName, search: LogSearch, bounds: SignalBounds): Promise<SignalError | null>;
  close(): void;
}
