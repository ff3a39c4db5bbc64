import { OUTCOMES } from '../../../../reports/record/history/history.ts';
import type { History, Operations } from '../../../../reports/record/history/history.ts';
import { first } from '../../../../reports/judge/observed.ts';
import { countUpTo } from '../../../../reports/judge/failover/writes/acknowledgements.ts';
import type { Acknowledgements } from '../../../../reports/judge/failover/writes/acknowledgements.ts';
import { STEADY_MS } from '../../../../reports/judge/failover/outages/recovery.ts';

/** Reads in a time in which they should have succeeded. */
interface Share {
  due: number;
  ok: number;
}

/** What became of the reads beside the writes, by who answered them. */
export interface Reads {
  /** Per second; 0: none are planned; null: not known. */
  plannedPerSecond: number | null;
  recorded: number;
  ok: number;
  /** Answered by a replica: those may lag, and are not judged. */
  replica: number;
  /** Their answer does not say what was read, or by whom. */
  unclear: number;
  /** Saw a number that was not even due yet. */
  madeUp: number;
  /** Right before the fault, in a steady stretch. */
  before: Share;
  /** At the end of the recording, when everything should be steady again (`lastMs`). */
  atEnd: Share;
  stale: StaleReads;
}

/** Reads that did not see a write that had been acknowledged before they were sent, by who answered them. */
export interface StaleReads {
  primary: number;
  /** A member that took itself for the primary, although a later one had acknowledged writes. */
  replaced: number;
}

/**
 * The end of the recording, in which reads must succeed again. Writes have been steady for STEADY_MS by then.
 * How long reads were out is another rule's (../outages/reads.ts).
 */
const LAST_MS = 2_000;
/** Fewer reads than this at the end prove no failure: with a read a second, two that are late are all there are. */
const LEAST_DUE = 10;

/** Where few reads are planned, more of the steady stretch is looked at, for as long as it lasts. */
function lastMs(perSecond: number | null): number {
  if (perSecond === null || perSecond <= 0) return LAST_MS;
  return Math.min(STEADY_MS, Math.max(LAST_MS, ((LEAST_DUE + 1) * 1000) / perSecond));
}

/** The highest number that was seen, with who answered it where that was not the primary; or a message that was delivered. */
const ANSWER = /^(?:(\d+)(@replica|@replaced)?|marker=\d+ after=[\d.]+)(?:;|$)/;

/**
 * A read's detail is the highest number that it saw. `@replica` means that a replica answered: replicas may lag and are not judged.
 * `@replaced` means that a former primary answered without knowing that it was replaced: staleness is judged on the primary, but the
 * report mentions it. In a queue a read is a message that was delivered: it cannot be stale.
 */
export function readsOf(history: History, acks: Acknowledgements, faultMs: number | null): Reads {
  const { reads, writes } = history;
  const start = first(history, 'client-load-start');
  const found: Reads = {
    plannedPerSecond: start?.readRatePerSecond ?? null,
    recorded: reads.count,
    ok: 0,
    replica: 0,
    unclear: 0,
    madeUp: 0,
    before: { due: 0, ok: 0 },
    atEnd: { due: 0, ok: 0 },
    stale: { primary: 0, replaced: 0 },
  };
  const endMs = highest(reads.intendedMs) - lastMs(found.plannedPerSecond);
  const times = { faultMs: faultMs ?? Infinity, endMs };
  const known = { reads, acks, highestBy: duePer(writes, start?.ratePerSecond ?? null) };
  for (let i = 0; i < reads.count; i++) {
    share(found, reads, i, times);
    if (reads.outcome[i] !== OUTCOMES.ok) continue;
    found.ok++;
    judgeAnswer(found, known, i);
  }
  return found;
}

interface Times {
  faultMs: number;
  endMs: number;
}

function share(found: Reads, { outcome, intendedMs, doneMs }: Operations, i: number, times: Times): void {
  // Still in the client's own queue: it was never sent.
  if (outcome[i] === OUTCOMES.unsent) return;
  const ok = outcome[i] === OUTCOMES.ok;
  const dueMs = intendedMs[i] as number;
  const before = dueMs >= times.faultMs - STEADY_MS && (doneMs[i] as number) < times.faultMs;
  if (before) counted(found.before, ok);
  if (dueMs > times.endMs) counted(found.atEnd, ok);
}

function counted(share: Share, ok: boolean): void {
  share.due++;
  if (ok) share.ok++;
}

interface Known {
  reads: Operations;
  acks: Acknowledgements;
  /** The highest number that can have been written by then. */
  highestBy: (timeMs: number) => number;
}

function judgeAnswer(found: Reads, { reads, acks, highestBy }: Known, i: number): void {
  const answer = ANSWER.exec(reads.detail.get(i) ?? '');
  if (answer === null) {
    found.unclear++;
    return;
  }
  const [, number, by] = answer;
  if (number === undefined) return;
  if (Number(number) > highestBy(reads.doneMs[i] as number)) found.madeUp++;
  if (by === '@replica') {
    found.replica++;
    return;
  }
  // Strictly before: an acknowledgement at the very instant of sending proves no order.
  const before = countUpTo(acks.doneMs, (reads.sentMs[i] as number) - 0.001);
  const least = before === 0 ? 0 : (acks.highestN[before - 1] as number);
  if (Number(number) < least) found.stale[by === undefined ? 'primary' : 'replaced']++;
}

/** From the schedule; without one, any number is possible. */
function duePer(writes: Operations, ratePerSecond: number | null): (timeMs: number) => number {
  if (ratePerSecond === null || ratePerSecond <= 0 || writes.count === 0) return () => Infinity;
  let startMs = Infinity;
  for (const time of writes.intendedMs) startMs = Math.min(startMs, time);
  return (timeMs) => Math.floor(((timeMs - startMs) * ratePerSecond) / 1000) + 1;
}

function highest(times: Float64Array): number {
  let found = -Infinity;
  for (const time of times) found = Math.max(found, time);
  return found;
}

/** Remarks on reads that do not affect the verdict. */
export function remarkOf({ replaced }: StaleReads): string[] {
  if (replaced === 0) return [];
  const what =
    replaced === 1
      ? '1 read missed an acknowledged write: it was'
      : `${replaced} reads missed an acknowledged write: they were`;
  return [`${what} answered by a member that had been replaced as the primary and did not know it yet`];
}

/** Less than this of the reads that should have succeeded did: then they say little about what clients read. */
const LEAST_OK = 0.95;
/** If a larger share of the answers came from replicas, the address is not the primary's. */
const MOST_BY_REPLICA = 0.5;

/** Reads that never recovered after the fault; evaluated only if writes did. */
export function readsGone({ plannedPerSecond, before, atEnd }: Reads): string | null {
  if (plannedPerSecond === 0 || before.ok === 0 || atEnd.due < LEAST_DUE || atEnd.ok > 0) return null;
  return `reads did not succeed again: none of the last ${atEnd.due} did`;
}

/** Why reads cannot be judged. */
export function readsOpen(reads: Reads, back: boolean): string | null {
  const { plannedPerSecond, recorded, ok, replica, unclear, madeUp, before, atEnd } = reads;
  if (plannedPerSecond === null || plannedPerSecond === 0) return null;
  if (recorded === 0) return `no read was recorded, ${plannedPerSecond} a second were planned`;
  if (ok === 0) return `none of ${recorded} reads succeeded: what clients read is not known`;
  if (unclear > 0) return `${unclear} reads do not say what they saw, or who answered`;
  if (madeUp > 0) return `${madeUp} reads saw a number that had not been written yet`;
  if (replica > ok * MOST_BY_REPLICA)
    return `${replica} of ${ok} reads were answered by a replica: what the primary answers is not known`;
  return tooFew(before, 'before the fault') ?? (back ? tooFew(atEnd, 'at the end') : null);
}

function tooFew({ due, ok }: Share, when: string): string | null {
  return due > 0 && ok < due * LEAST_OK ? `${due - ok} of ${due} reads failed ${when}` : null;
}
