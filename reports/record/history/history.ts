import type { Goals } from '../goals.ts';
import type { Kind, NewSeen, Seen } from '../observations/index.ts';
import type { Pressure } from '../pressure.ts';
import type { HeaderSettings } from '../settings.ts';

/**
 * The format of a history: a folder of append-only NDJSON files, one writer per file. Lines that start with `{` are
 * observations, lines that start with `[` are operations of a client load. Times are milliseconds of CLOCK_MONOTONIC
 * (shared by all processes of one boot), as floats; the header anchors them to the wall clock.
 * A last line without a newline was being written when its process died and is ignored.
 */
export const HISTORY_SCHEMA = 4;

/** First line of `check.ndjson`. Judges read goals and settings from here and from nowhere else. */
export interface HistoryHeader {
  kind: 'header';
  schema: number;
  check: string;
  /** Id of the run. */
  run?: string;
  /** 1 for the first trial; a check without trials has 1. */
  trial: number;
  environment: string;
  size?: string;
  /** Resolved goals of this check, e.g. `{rtoSeconds: 30, lostWrites: 0, minTrials: 1}`. */
  goals: Goals;
  /** What this check needs of the environment's declaration, and named timeouts. */
  settings: HeaderSettings;
  /** Same instant on both clocks. */
  anchor: { wall: string; monoMs: number };
}

/** Anything seen: `kind` says what, the rest is the kind's own (./observations). `t` is CLOCK_MONOTONIC in ms. */
export type Observation = { [K in Kind]: Seen<K> }[Kind];

/** An observation as it is handed in: `t` is the time of writing unless the observer knows better. */
export type NewObservation = { [K in Kind]: NewSeen<K> }[Kind];

/** Outcome codes of an operation, as written in a history. */
export const OUTCOMES = { ok: 0, fail: 1, unknown: 2, unsent: 3 } as const;
export type Outcome = keyof typeof OUTCOMES;

/**
 * `['w'|'r', n, intendedMs, sentMs, doneMs, outcome code, detail?]`. `n` numbers writes from 1 without gaps; reads have
 * a count of their own. `detail` is the error class for fail and unknown, or what a read saw.
 */
export type OperationLine =
  | ['w' | 'r', number, number, number, number, number]
  | ['w' | 'r', number, number, number, number, number, string];

/** Operations of one kind, held in columns: a million of them must be judged in two seconds. */
export interface Operations {
  count: number;
  n: Float64Array;
  intendedMs: Float64Array;
  sentMs: Float64Array;
  doneMs: Float64Array;
  outcome: Uint8Array;
  detail: Details;
}

/** Details by the index of their operation; a Map is one. */
export interface Details {
  /** Undefined for an operation that has none. */
  get(index: number): string | undefined;
  /** How many operations have one. */
  readonly size: number;
}

/** What one further path of clients saw: the client load's own observations, and its writes. It does not read. */
export interface PathHistory {
  name: string;
  observations: Observation[];
  writes: Operations;
}

const PATH_FOLDER = 'path-';

/** The folder inside a trial's that holds the history of a path. */
export function pathFolder(name: string): string {
  return `${PATH_FOLDER}${name}`;
}

/** The path whose history a folder holds; null: it holds none. */
export function pathIn(folder: string): string | null {
  return folder.startsWith(PATH_FOLDER) && folder.length > PATH_FOLDER.length
    ? folder.slice(PATH_FOLDER.length)
    : null;
}

/** A history as a judge sees it. */
export interface History {
  header: HistoryHeader;
  observations: Observation[];
  writes: Operations;
  reads: Operations;
  /** Lines that could not be parsed, by file, those of paths too; a cut last line is not counted. */
  damaged: { file: string; line: number }[];
  /** How its files differ from their digests in run.json; left out: there is no digest of this trial. */
  changed?: string[];
  /** What further paths of clients saw, by the order of their names; left out: none was recorded. */
  paths?: PathHistory[];
  /** Pressure during the trial; null or left out: it was not measured. */
  pressure?: Pressure | null;
}
