import type { LogLevel } from '../api/thread.ts';
import type { ScenarioTotals, Segment } from '../executors/scenario-run.ts';
import type { HistogramPart } from '../metrics/histogram.ts';
import type { MetricSpec, SinkPart } from '../metrics/metric.ts';
import type { LoadOptions, RunOptions } from '../options/scenario.ts';
import type { Bundle } from '../script/bundle.ts';

/** What a thread is started with. */
export interface ThreadData {
  bundle: Bundle;
  defaults: RunOptions;
  variables: Readonly<Record<string, string>>;
  ca: string | null;
  hosts: Readonly<Record<string, string>>;
  /** Requests that all threads have sent together, and how many they may. */
  sent: SharedArrayBuffer;
  maxRequests: number;
}

/** What the script turned out to be when it was loaded. */
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
  /** What all threads count together. */
  board: SharedArrayBuffer;
  /** Ids of the planned VUs by scenario. */
  vus: readonly (readonly number[])[];
  /** Name of the channel on which the threads of this load hand iterations over. */
  channel: string;
}

/** What the parent asks of a thread, each answered once. */
export interface Operations {
  load: { ask: null; answer: Loaded };
  prepare: { ask: Plan; answer: null };
  /** Makes the planned VUs. */
  recruit: { ask: null; answer: null };
  /** JSON of what `setup` returned; null: nothing. Times are CLOCK_MONOTONIC. */
  setup: { ask: { testStartMs: number }; answer: string | null };
  run: { ask: { startMs: number; testStartMs: number; data: string | null }; answer: ScenarioTotals[] };
  teardown: { ask: string | null; answer: null };
  /** JSON of the data; the answer is what goes to each file or stream. */
  summary: { ask: string; answer: Record<string, string> };
}
export type OperationName = keyof Operations;

export type Question = {
  [Name in OperationName]: { id: number; name: Name; ask: Operations[Name]['ask'] };
}[OperationName];

/** An order to end: within `gracefulStop`, or now. */
export interface StopOrder {
  stop: 'gracefully' | 'now';
}

/** One second of a thread, or (`second: null`) what it did outside of the load. */
export interface Told {
  second: number | null;
  started: number;
  dropped: number;
  iterations: number;
  requests: number;
  failed: number;
  good: number;
  bad: number;
  /** At its end. */
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
  /** The script, or a limit, ends the load. */
  | { type: 'abort'; reason: string }
  /** The script asked for what the engine has not. */
  | { type: 'unsupported'; reason: string };
