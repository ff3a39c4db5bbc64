/** What a store's client must offer to the client load engine. */
import type { NewSeen } from '../../reports/record/observations/index.ts';

export interface OperationResult {
  outcome: 'ok' | 'fail' | 'unknown';
  /** The error's class, or what a read saw. */
  detail?: string;
}

/** One connection. One operation at a time; one attempt each: no retry, no resend, no offline queue. */
export interface ClientLoadSession {
  /**
   * Connects and logs in. Rejects with any error: as long as it has not resolved, no write has left this process.
   * The limit is for reaching the server (ms); the login is covered by the operation's own deadline.
   */
  open(connectTimeoutMs: number): Promise<void>;
  /** Never rejects. `fail` only for what proves that the write did not happen. */
  write(n: number): Promise<OperationResult>;
  /** Never rejects. The detail of an ok read is what it saw, in the store's own words. */
  read(): Promise<OperationResult>;
  /** Open, and not known to be broken. */
  usable(): boolean;
  /** Ends it at once without asking the server: a frozen server's kernel goes on acknowledging. */
  destroy(): void;
}

export interface LoadClient {
  /** Makes the place that the writes go to. Called once, before the first operation. */
  prepare(deadlineMs: number): Promise<void>;
  session(): ClientLoadSession;
  /** Did the server's machine refuse the connection at once (nothing listens), so that asking again soon costs nothing? */
  refused(error: unknown): boolean;
  /** The class of an error for the history: short, without secrets. */
  errorClass(error: unknown): string;
  /** Called once after the last operation: closes what the client holds beside sessions, and says what it saw, for the history. */
  end?(): NewSeen<'reader' | 'remark' | 'credentials'>[] | null;
}
