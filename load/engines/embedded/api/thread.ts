import type { Board } from '../executors/board.ts';
import type { Network } from '../http/client.ts';
import type { MetricRegistry } from '../metrics/registry.ts';
import type { RunOptions } from '../options/scenario.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What the VUs of a thread share. */
export interface Thread {
  readonly registry: MetricRegistry;
  readonly network: Network;
  readonly options: RunOptions;
  /** `exec.test.options`. */
  readonly toldOptions: unknown;
  readonly variables: Readonly<Record<string, string>>;
  readonly counts: ThreadCounts;
  /** What all threads count together. */
  readonly board: Board;
  /** JSON of what setup returned; null: nothing. */
  readonly setupData: string | null;
  /** ms of the thread's clock at which the test began, with setup; 0 before. */
  readonly testStartMs: number;
  log(level: LogLevel, text: string): void;
  /** One more request may be sent; false: the limit is reached, and the load ends. */
  takeRequest(): boolean;
  /** Of a request that has ended, from its intended start, ms: the distribution of the second. */
  latency(ms: number): void;
  /** The whole load ends. */
  abort(reason: string): void;
  /** When the next request may be sent under `rps`, ms to wait. */
  rpsDelayMs(): number;
}

/** What a second of a thread did; begun anew every second. */
export interface ThreadCounts {
  started: number;
  dropped: number;
  iterations: number;
  requests: number;
  failed: number;
  /** Of the script's checks: those that passed, and those that did not. */
  good: number;
  bad: number;
  /** VUs of the thread that run an iteration now: not begun anew. */
  busy: number;
  errors: Map<string, number>;
  checks: Map<string, { name: string; group: string; passes: number; fails: number }>;
}

export function newCounts(): ThreadCounts {
  return {
    ...{ started: 0, dropped: 0, iterations: 0, requests: 0, failed: 0, good: 0, bad: 0, busy: 0 },
    errors: new Map(),
    checks: new Map(),
  };
}

/** Error texts hold ids and times: they are cut, and no more kinds are kept than a person would read. */
const MAX_ERROR_KINDS = 200;
const MAX_ERROR_TEXT = 300;

export function countError(counts: ThreadCounts, error: string): void {
  const text = error.length > MAX_ERROR_TEXT ? `${error.slice(0, MAX_ERROR_TEXT - 1)}…` : error;
  const key = counts.errors.has(text) || counts.errors.size < MAX_ERROR_KINDS ? text : 'other errors';
  counts.errors.set(key, (counts.errors.get(key) ?? 0) + 1);
}
