/** The one interface behind which k6, k6-operator and the embedded engine run a scenario. */
import type { LoadResult, LoadSecond } from '../../reports/record/details/load-result.ts';

/** A threshold as k6 writes it: an expression, or one that may end the load. */
export type Threshold = string | { threshold: string; abortOnFail?: boolean; delayAbortEval?: string };

export interface LoadRequest {
  /** Absolute path of the script, in TypeScript or JavaScript. */
  script: string;
  /** `__ENV` of the script: nothing of this process's environment reaches it but what is named here. */
  variables: Readonly<Record<string, string>>;
  /** Names of those whose values are secrets: they are taken out of all that is written or shown. */
  secrets?: readonly string[];
  /** Replace those of the script's own options that they name. */
  options?: { thresholds?: Readonly<Record<string, readonly Threshold[]>> };
  /** What is trusted beside the system's authorities, PEM. */
  ca?: string;
  /** Fixed addresses of host names: `tender.example.test` → `198.18.0.2`. With a port where the address has another: `198.18.0.2:8443`. */
  hosts?: Readonly<Record<string, string>>;
  /** Whatever the script asks for, no more is sent than this. */
  limits: { requests: number; durationMs: number };
}

/** What is told while a load runs. */
export interface LoadListener {
  /** Each second that is over, in order. */
  second?(second: LoadSecond): void;
  /** What the script logs (`console.*`), for people. */
  log?(level: 'debug' | 'info' | 'warn' | 'error', text: string): void;
}

/**
 * Why a load is stopped whose check has seen enough: the reason of the signal. That is its planned end: what it had been asked for until then
 * is `completed`, where its record is whole.
 */
export const ENOUGH = 'enough';

export interface LoadEngine {
  readonly name: LoadResult['engine']['name'];
  /** Null when it can run here, else the reason why not, with what to do. */
  unavailable(): Promise<string | null>;
  /**
   * Runs the script to its end. Never rejects for what the script or the target did: that is in the result's outcome. An abort of the
   * signal stops new iterations, lets running ones end within `gracefulStop`, and resolves with `interrupted`, or with `completed` where the
   * reason was `ENOUGH` and nothing is missing.
   */
  run(request: LoadRequest, listener: LoadListener, signal: AbortSignal): Promise<LoadResult>;
}
