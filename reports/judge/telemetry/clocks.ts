/** Clocks of other machines against the harness's, as they were measured in a check. */
import type { History } from '../../record/history/history.ts';
import { all, first } from '../observed.ts';
import type { Findings } from '../topology/findings.ts';

/** The other clock is ahead by `offsetMs`, give or take `errorMs`. */
export interface Offset {
  offsetMs: number;
  errorMs: number;
}

/** What a clock that tells whole seconds has left out: between nothing and one second. */
const HALF_SECOND_MS = 500;
/** The wall clock of a history is read with ms, twice. */
const READING_MS = 2;
/** A reading that took longer than this says nothing; so does one that was answered before it was asked. */
const LONGEST_MS = 30_000;
/** NTP holds clocks within some ms; what is further off than this is said. */
const SAID_BEYOND_MS = 2_000;
/** Readings of the harness's own wall clock lie in the check, but for what it was set by meanwhile. */
export const OWN_MS = 60_000;
/** What another machine says of the time: where its clock was not measured it may be that far off, and no further. */
const FOREIGN_MS = 1_800_000;

/** A time of the history's clock on the wall clock. */
export function wallOf({ header: { anchor } }: History, t: number): number {
  return Date.parse(anchor.wall) + (t - anchor.monoMs);
}

/** null: it was not measured, more than once, or in no way that can be. */
export function offsetOf(history: History, source: string): Offset | null {
  const [seen, second] = all(history, 'clock-offset').filter((one) => one.source === source);
  if (seen === undefined || second !== undefined) return null;
  const answeredMs = wallOf(history, seen.t);
  const tookMs = answeredMs - seen.askedMs;
  if (tookMs < -READING_MS || tookMs > LONGEST_MS) return null;
  const left = seen.precision === 'second' ? HALF_SECOND_MS : 0;
  return {
    offsetMs: seen.saidMs + left - (seen.askedMs + answeredMs) / 2,
    errorMs: Math.abs(tookMs) / 2 + left + READING_MS,
  };
}

/**
 * Offsets of all that must be known; what is not is a finding that nobody could see. A clock that is far off is said: times are corrected by
 * it, and whether that is in order is no question of this check.
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
      findings.unknown(subject, 'its offset measured', unread?.reason ?? 'it was not measured');
      continue;
    }
    if (Math.abs(offset.offsetMs) > FOREIGN_MS) {
      findings.unknown(subject, 'within half an hour, as far as is looked', offText(offset));
      continue;
    }
    found.set(source, offset);
    findings.expect(subject, true, 'its offset measured', offText(offset));
    if (Math.abs(offset.offsetMs) - offset.errorMs > SAID_BEYOND_MS)
      findings.note(`the clock of ${source} is ${offText(offset)}: times are corrected by that`);
  }
  const others = all(history, 'clock-offset').filter(({ source }) => !sources.includes(source));
  if (others.length > 0) findings.unknown('clocks', 'of declared sources', 'one of something else');
  const most = [...found.values()].reduce((far, { offsetMs }) => Math.max(far, Math.abs(offsetMs)), 0);
  findings.figure({ name: 'clock furthest off', value: Math.round(most), unit: 'ms' });
  return found;
}

/** `3.2 s behind (± 501 ms)` */
export function offText({ offsetMs, errorMs }: Offset): string {
  const far = `${Math.round(Math.abs(offsetMs) / 100) / 10} s`;
  return `${far} ${offsetMs > 0 ? 'ahead' : 'behind'} (± ${Math.round(errorMs)} ms)`;
}

/** Wall clock times of one kind: `own` of the harness, `foreign` of another machine, corrected where its offset is known. */
export interface Times {
  kind: string;
  own?: Iterable<number>;
  foreign?: Iterable<number>;
}

/** A wall clock time that no part of the check can have had: then nothing that is compared with it is known. */
export function timesRule(history: History, findings: Findings, times: readonly Times[]): void {
  findings.rule('wall-clock');
  const fromMs = wallOf(history, history.header.anchor.monoMs);
  const toMs = wallOf(history, first(history, 'end')?.t ?? history.observations.at(-1)?.t ?? 0);
  for (const { kind, own = [], foreign = [] } of times) {
    const stray =
      outside(own, fromMs - OWN_MS, toMs + OWN_MS) ??
      outside(foreign, fromMs - FOREIGN_MS, toMs + FOREIGN_MS);
    if (stray !== null) findings.unknown(`times of ${kind}`, 'within the check', timeText(stray));
  }
  findings.expect('times', true, 'within the check', `those of ${times.length} kinds`);
}

/** Of what can be a time at all. */
const LAST_DATE_MS = 8e15;

function timeText(ms: number): string {
  return Math.abs(ms) < LAST_DATE_MS ? new Date(ms).toISOString() : String(ms);
}

function outside(times: Iterable<number>, fromMs: number, toMs: number): number | null {
  for (const one of times) if (!(one >= fromMs && one <= toMs)) return one;
  return null;
}
