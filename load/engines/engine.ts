/** The common interface of the load engines: k6 and embedded. */
import type { Fields } from '../../reports/record/observations/index.ts';

/** One second of a load. */
export type LoadSecond = Fields<'load-second'>;

/** What an engine says of a load, in one form for both: what the record holds of it, and its seconds. */
export interface LoadResult extends Omit<Fields<'load'>, 'scenario'> {
  engine: 'k6' | 'embedded';
  seconds: LoadSecond[];
}

/** How a load ended, and why where it did not complete. */
export type Ending = Pick<LoadResult, 'outcome' | 'reason'>;

export const COMPLETED: Ending = { outcome: 'completed', reason: '' };

export interface LoadRequest {
  /** Absolute path of the script, in TypeScript or JavaScript. */
  script: string;
  /** `__ENV` of the script. It gets nothing else from this process's environment. */
  variables: Readonly<Record<string, string>>;
  /** Names of variables with secret values. The values are removed from everything that is written or shown. */
  secrets?: readonly string[];
  /** Certificate authority to trust in addition to the system's, PEM. */
  ca?: string;
  /** What the client shows in TLS, PEM. Only the embedded engine takes it. */
  client?: { certificate: string; key: string };
  /** Fixed addresses of host names: `tender.example.test` → `198.18.0.2`, or with a different port `198.18.0.2:8443`. */
  hosts?: Readonly<Record<string, string>>;
  /** Hard limits, whatever the script says. */
  limits: { requests: number; durationMs: number };
}

/** Variables that change while a load runs, such as a token that is renewed. */
export type Renewals = (renewed: (variables: Readonly<Record<string, string>>) => void) => void;

/** Receives events while a load runs. */
export interface LoadListener {
  /** Tells of variables that change; only the embedded engine hears it. */
  renewals?: Renewals | undefined;
  /** Called for each second that is over, in order. */
  second?(second: LoadSecond): void;
  /** What the script logs (`console.*`), for people. */
  log?(level: 'debug' | 'info' | 'warn' | 'error', text: string): void;
}

/**
 * Abort reason when a check stops its load because it has enough data. This is the planned end of the load: its outcome is `completed`,
 * provided that the record up to then has no gaps.
 */
export const ENOUGH = 'enough';

export interface LoadEngine {
  readonly name: LoadResult['engine'];
  /** Why it cannot run here, with what to do; null: it can. */
  unavailable(): Promise<string | null>;
  /**
   * Runs the script to its end. Never rejects for a failure of the script or the target: the result's outcome says so. An abort of the
   * signal starts no new iterations, lets running ones end within `gracefulStop`, and resolves with `interrupted`, or with `completed` if
   * the reason was `ENOUGH` and the record has no gaps.
   */
  run(request: LoadRequest, listener: LoadListener, signal: AbortSignal): Promise<LoadResult>;
}
