/** Clocks of other machines against the harness's, as they were measured in a check. */
import type { History } from '../../record/history/history.ts';
import type { Figure } from '../../record/judgement.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all, first } from '../observed.ts';
import type { Findings } from '../topology/findings.ts';

/** The other clock is ahead by `offsetMs`, give or take `errorMs`. */
export interface Offset {
  offsetMs: number;
  errorMs: number;
  /** The clock was read in whole seconds, which makes most of the error. */
  wholeSeconds: boolean;
}

/** A clock that reports whole seconds cuts off up to one second: half a second on average, give or take as much. */
const HALF_SECOND_MS = 500;
/** The history's wall clock is read to 1 ms, twice. */
const READING_MS = 2;
/** NTP keeps clocks within some ms; a larger offset than this is reported. */
const SAID_BEYOND_MS = 2_000;
/** Largest plausible error of another machine's clock, if its offset was not measured. */
const FOREIGN_MS = 1_800_000;

/** A time of the history's clock on the wall clock. */
export function wallOf({ header: { anchor } }: History, t: number): number {
  return Date.parse(anchor.wall) + (t - anchor.monoMs);
}

/** Readings of one moment by two clocks of this machine may lie as far apart as a look at a store takes, ms. */
const SAME_MOMENT_MS = 1_000;

/**
 * A time of Plumbline's own that a line tells, by the monotonic clock of that line where the two differ: somebody may have set the wall clock
 * meanwhile.
 */
export function ownMs(history: History, t: number, saidMs: number): number {
  const byMono = wallOf(history, t);
  return Math.abs(byMono - saidMs) <= SAME_MOMENT_MS ? saidMs : byMono;
}

/** null: the offset was not measured. */
export function offsetOf(history: History, source: string): Offset | null {
  const seen = all(history, 'clock-offset').find((one) => one.source === source);
  return seen === undefined ? null : offsetIn(history, seen);
}

export function offsetIn(history: History, seen: Seen<'clock-offset'>): Offset {
  const answeredMs = wallOf(history, seen.t);
  const left = seen.precision === 'second' ? HALF_SECOND_MS : 0;
  return {
    offsetMs: seen.saidMs + left - (seen.askedMs + answeredMs) / 2,
    errorMs: Math.abs(answeredMs - seen.askedMs) / 2 + left + READING_MS,
    wholeSeconds: seen.precision === 'second',
  };
}

/**
 * Offsets of all clocks that are needed; a missing one is an unknown finding. A large offset is reported only: times are corrected by
 * it, and this check does not judge clocks.
 */
export function offsetsOf(
  history: History,
  findings: Findings,
  sources: readonly string[],
): Map<string, Offset> {
  const found = new Map<string, Offset>();
  findings.rule('clocks');
  for (const source of sources) {
    const offset = offsetOf(history, source);
    const subject = `clock of ${source}`;
    if (offset === null) {
      const unread = all(history, 'clock-unread').find((one) => one.source === source);
      findings.unknown(subject, 'a measured offset', unread?.reason ?? 'it was not measured');
      continue;
    }
    if (Math.abs(offset.offsetMs) > FOREIGN_MS) {
      findings.unknown(subject, 'within half an hour of the harness', offText(offset));
      continue;
    }
    found.set(source, offset);
    findings.expect(subject, true, 'a measured offset', offText(offset));
    if (Math.abs(offset.offsetMs) - offset.errorMs > SAID_BEYOND_MS)
      findings.note(`the clock of ${source} is ${offText(offset)}: its times are corrected by that`);
  }
  findings.figure(furthestFigure([...found.values()]));
  return found;
}

const furthestMs = ({ offsetMs, errorMs }: Offset): number => Math.abs(offsetMs) + errorMs;

/** What a clock may be off at most, the error of its reading included: a clock that is right does not measure 0. */
export function furthestFigure(offsets: readonly Offset[]): Figure {
  const [most] = offsets.toSorted((a, b) => furthestMs(b) - furthestMs(a));
  return {
    name: 'measured clocks are off by at most',
    value: most === undefined ? null : measuredText(most),
  };
}

function measuredText(offset: Offset): string {
  const [off, error] = [Math.round(Math.abs(offset.offsetMs)), Math.round(offset.errorMs)];
  const why = offset.wholeSeconds ? ', since the clock was read in whole seconds' : '';
  return `${off + error} ms (measured ${off} ms ± ${error} ms${why})`;
}

/** `3.2 s behind (± 501 ms)` */
export function offText({ offsetMs, errorMs }: Offset): string {
  const far = `${Math.round(Math.abs(offsetMs) / 100) / 10} s`;
  return `${far} ${offsetMs > 0 ? 'ahead' : 'behind'} (± ${Math.round(errorMs)} ms)`;
}

/** A thing that another machine wrote, after it was asked for and before it was seen, wall clock ms. `by`: whose clock wrote it. */
export interface Written {
  by: string;
  atMs: number;
  sentMs: number;
  seenMs: number;
}

/**
 * How far clocks are off that nobody measured: nothing is written before it is asked for, nor seen before it is written, and a clock is right to some
 * seconds where these times allow it. One that is off by more is taken to have written the first of them at once. null: it was set meanwhile, or a time is
 * damaged, since no one clock can have written all of them.
 */
export function offsetsBy(events: readonly Written[]): Map<string, Offset | null> {
  return new Map(
    [...Map.groupBy(events, ({ by }) => by)].map(([by, own]): [string, Offset | null] => {
      const least = own.reduce((far, { atMs, seenMs }) => Math.max(far, atMs - seenMs), -Infinity);
      const most = own.reduce((far, { atMs, sentMs }) => Math.min(far, atMs - sentMs), Infinity);
      if (least - most > SAID_BEYOND_MS) return [by, null];
      const isRight = least <= SAID_BEYOND_MS && most >= -SAID_BEYOND_MS;
      const from = isRight ? Math.max(least, -SAID_BEYOND_MS) : most;
      const to = isRight ? Math.min(most, SAID_BEYOND_MS) : most;
      return [by, { offsetMs: (from + to) / 2, errorMs: Math.abs(to - from) / 2, wholeSeconds: false }];
    }),
  );
}

/** Times that another machine wrote beside what is judged, of one kind, on the wall clock. */
export interface Times {
  kind: string;
  times: Iterable<number>;
}

/** Finds times that cannot lie within the check: nothing that is compared with them can be judged. */
export function timesRule(history: History, findings: Findings, of: readonly Times[]): void {
  findings.rule('wall-clock');
  const fromMs = wallOf(history, history.header.anchor.monoMs) - FOREIGN_MS;
  const toMs = wallOf(history, first(history, 'end')?.t ?? history.observations.at(-1)?.t ?? 0) + FOREIGN_MS;
  for (const { kind, times } of of) {
    const stray = outside(times, fromMs, toMs);
    if (stray !== null) findings.unknown(`times of ${kind}`, 'within the check', timeText(stray));
  }
  findings.expect('times', true, 'within the check', `those of ${of.length} kinds`);
}

/** Largest time that a Date can hold, rounded down. */
const LAST_DATE_MS = 8e15;

function timeText(ms: number): string {
  return Math.abs(ms) < LAST_DATE_MS ? new Date(ms).toISOString() : String(ms);
}

function outside(times: Iterable<number>, fromMs: number, toMs: number): number | null {
  for (const one of times) if (!(one >= fromMs && one <= toMs)) return one;
  return null;
}
