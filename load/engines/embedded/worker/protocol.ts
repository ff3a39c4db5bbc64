import type { LogLevel } from '../api/thread.ts';
import type { ScenarioTotals, Segment } from '../executors/scenario-run.ts';
import type { HistogramPart } from '../metrics/histogram.ts';
import type { MetricSpec, SinkPart } from '../metrics/metric.ts';
import type { LoadOptions, RunOptions } from '../options/scenario.ts';
import type { Bundle } from '../script/bundle.ts';

/** The data with which a thread starts. */
export interface ThreadData {
  bundle: Bundle;
  defaults: RunOptions;
  variables: Readonly<Record<string, string>>;
  ca: string | null;
  /** What the client shows in TLS, PEM. */
  client: { certificate: string; key: string } | null;
  hosts: Readonly<Record<string, string>>;
  /** Number of requests sent so far by all threads; `maxRequests` is its limit. */
  sent: SharedArrayBuffer;
  maxRequests: number;
}

/** What loading the script has shown. */
export interface Loaded {
  /** JSON of `options`; null: none. */
  options: string | null;
  /** Names of the exported functions. */
  functions: string[];
  metrics: MetricSpec[];
}

export interface Plan {
  options: LoadOptions;
  /** JSON of `exec.test.options`. */
  toldOptions: string;
  segment: Segment;
  /** Memory of the board, shared by all threads. */
  board: SharedArrayBuffer;
  /** Ids of the planned VUs by scenario. */
  vus: readonly (readonly number[])[];
  /** Name of the BroadcastChannel over which the threads of this load hand iterations over. */
  channel: string;
}

/** Requests of the parent to a thread. Each gets one answer. */
export interface Operations {
  load: { ask: null; answer: Loaded };
  prepare: { ask: Plan; answer: null };
  /** Makes the planned VUs. */
  recruit: { ask: null; answer: null };
  /** The answer is what `setup` returned, as JSON; null: nothing. Times are CLOCK_MONOTONIC, ms. */
  setup: { ask: { testStartMs: number }; answer: string | null };
  run: { ask: { startMs: number; testStartMs: number; data: string | null }; answer: ScenarioTotals[] };
  teardown: { ask: string | null; answer: null };
  /** Takes the summary data as JSON; the answer is content by file or stream. */
  summary: { ask: string; answer: Record<string, string> };
}
export type OperationName = keyof Operations;

export type Question = {
  [Name in OperationName]: { id: number; name: Name; ask: Operations[Name]['ask'] };
}[OperationName];

/** Tells a thread to end: within `gracefulStop`, or now. */
export interface StopOrder {
  stop: 'gracefully' | 'now';
}

/** Variables of the script that have changed. */
export interface RenewOrder {
  renew: Readonly<Record<string, string>>;
}

/** Counts of one second of a thread; `second: null`: of setup or teardown. */
export interface Told {
  second: number | null;
  started: number;
  dropped: number;
  iterations: number;
  requests: number;
  failed: number;
  good: number;
  bad: number;
  /** VUs that run an iteration at the end of the second. */
  busy: number;
  latency: HistogramPart;
  metrics: [name: string, part: SinkPart][];
  errors: [error: string, count: number][];
  checks: { name: string; group: string; passes: number; fails: number }[];
}

export type FromThread =
  | { type: 'answer'; id: number; value: unknown }
  | { type: 'failure'; id: number; message: string }
  | { type: 'told'; told: Told }
  | { type: 'log'; level: LogLevel; text: string }
  /** The script, or a limit, aborts the load. */
  | { type: 'abort'; reason: string }
  /** The script used a part of k6 that the engine lacks. */
  | { type: 'unsupported'; reason: string };
