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
  /** Counters that all threads share. */
  readonly board: Board;
  /** What `setup` returned, as JSON; null: nothing. */
  readonly setupData: string | null;
  /** When the test (its `setup`) began, ms of the thread's clock; 0 before that. */
  readonly testStartMs: number;
  log(level: LogLevel, text: string): void;
  /** Asks to send one more request; false: the limit is reached, and the load ends. */
  takeRequest(): boolean;
  /** Adds a request that has ended to the second's latencies: ms from its intended start. */
  latency(ms: number): void;
  /** Ends the whole load. */
  abort(reason: string): void;
  /** How long the next request must wait to stay within `rps`, ms. */
  rpsDelayMs(): number;
}

/** What a thread did within one second; all but `busy` are reset every second. */
export interface ThreadCounts {
  started: number;
  dropped: number;
  iterations: number;
  requests: number;
  failed: number;
  /** Checks of the script that passed, and that failed. */
  good: number;
  bad: number;
  /** VUs of the thread that run an iteration now; not reset. */
  busy: number;
  errors: Map<string, number>;
  checks: Map<string, { name: string; group: string; passes: number; fails: number }>;
}

export function newCounts(): ThreadCounts {
  return {
    started: 0,
    dropped: 0,
    iterations: 0,
    requests: 0,
    failed: 0,
    good: 0,
    bad: 0,
    busy: 0,
    errors: new Map(),
    checks: new Map(),
  };
}

/** Error texts may contain ids and times, so that all differ: they are cut, and the number of different ones is limited. */
const MAX_ERROR_KINDS = 200;
const MAX_ERROR_TEXT = 300;

export function countError(counts: ThreadCounts, error: string): void {
  const text = error.length > MAX_ERROR_TEXT ? `${error.slice(0, MAX_ERROR_TEXT - 1)}…` : error;
  const key = counts.errors.has(text) || counts.errors.size < MAX_ERROR_KINDS ? text : 'other errors';
  counts.errors.set(key, (counts.errors.get(key) ?? 0) + 1);
}
