import { OUTCOMES } from '../../../record/history/history.ts';
import type { Operations } from '../../../record/history/history.ts';
import type { Interval } from '../../../record/run-record.ts';
import { countUpTo } from '../writes/acknowledgements.ts';
import type { Acknowledgements } from '../writes/acknowledgements.ts';
import { hadToConnect, openedAtMs, refusedAtMs } from '../notes.ts';

/**
 * How an outage is bounded by what was seen.
 *
 * Let the service stop working at T1 and work again at T2. An operation sent at s and answered at d proves something about
 * one unknown moment of [s, d] and about nothing else:
 *   - acknowledged: at some moment of [s, d] the service worked;
 *   - failed or unanswered: at some moment of [s, d] it did not.
 * So, with A the last acknowledgement before the outage and B the first one after it:
 *   - T1 ≥ the latest s among the operations acknowledged up to A: the service worked at a moment not before that;
 *   - T1 ≤ the earliest d among the operations that failed in this outage: by then it had stopped;
 *   - T2 ≥ the latest s among them: it did not work at a moment not before that; so too for an operation that was refused at
 *     s, asked again and was acknowledged in the end;
 *   - T2 ≤ d of B: by then it worked.
 * Hence T2 − T1 lies in [latest s failed − earliest d failed, d of B − latest s acknowledged], cut off at 0. Intended times
 * play no part: an operation that was due and not sent has seen nothing. Against a server that refuses at once, at 200 writes
 * a second, each edge is known to one spacing of 5 ms and one answer. An operation that got no answer is known to have failed
 * only when its deadline has passed.
 *
 * One more kind proves more. An operation that opened a connection for itself within the outage, logged in at c, sent its
 * statement then, and was answered (or given up) only at d: the path was alive and a server there to answer at c. In ordinary
 * times an answer takes up to L (the 99th percentile of the first 1,000 acknowledged writes of this trial; on a new connection at
 * least 25 ms); where d − c is longer, the
 * store acknowledged nothing in [c, d − L], so T2 ≥ the latest such d − L, cut off at d of B − L. This is how a new leader
 * looks that takes connections and waits for a synchronous replica. Operations on connections from before the outage say
 * nothing of that kind: where packets vanished, they hang in retransmission after the path is back. What is assumed is that
 * a path which carried the login does not break and come back within the same outage while nothing else is answered.
 *
 * The beginning likewise: an operation on a connection that was there, sent at s, that failed or was given up only at d, more than
 * L later: by s + L the store had stopped acknowledging. One of a hundred is slower in ordinary times, so the second such
 * operation counts, not the first.
 *
 * An operation that failed belongs to the longest gap between two successive acknowledgements that its [s, d] touches: one
 * that hung through the end of an outage must not count as a new one.
 */
export interface RawOutage {
  /** d of A; null: nothing was acknowledged before. */
  lastOkMs: number | null;
  /** d of B; null: nothing was acknowledged after. */
  firstOkMs: number | null;
  start: Interval;
  /** `hiMs` is Infinity when nothing was acknowledged after. */
  end: Interval;
  failed: number;
  unknown: number;
  unsent: number;
}

interface Gap {
  failed: number;
  unknown: number;
  unsent: number;
  earliestDownMs: number;
  latestDownMs: number;
  /** When the first two operations were sent that were not answered in the usual time, on connections that were there. */
  firstSilentMs: number;
  secondSilentMs: number;
}

/** Every outage in order of time. */
export function outagesOf(writes: Operations, acks: Acknowledgements): RawOutage[] {
  const gaps = new Map<number, Gap>();
  const usualMs = usualAnswerMs(writes);
  for (let i = 0; i < writes.count; i++) {
    if (writes.outcome[i] !== OUTCOMES.ok) addTo(gaps, { acks, writes, usualMs }, i);
  }
  for (let i = 0; i < writes.count; i++) {
    // Details are decoded on demand, which is slow: only for operations next to an outage.
    if (!touchesGap(gaps, acks, writes, i)) continue;
    addRefusal(gaps, acks, writes, i);
    addUnanswered(gaps, { acks, writes, usualMs }, i);
  }
  const first = writes.count === 0 ? 0 : earliest(writes.sentMs);
  return [...gaps.entries()]
    .sort(([a], [b]) => a - b)
    .map(([index, gap]) => outageOf(index, withStart(gap, usualMs), acks, first));
}

function touchesGap(gaps: Map<number, Gap>, acks: Acknowledgements, writes: Operations, i: number): boolean {
  if (gaps.size === 0 || writes.detail.size === 0) return false;
  const last = countUpTo(acks.doneMs, writes.doneMs[i] as number);
  for (let gap = countUpTo(acks.doneMs, writes.sentMs[i] as number) - 1; gap <= last; gap++)
    if (gaps.has(gap)) return true;
  return false;
}

interface Seen {
  acks: Acknowledgements;
  writes: Operations;
  /** How long an answer takes in ordinary times, ms. */
  usualMs: number;
}

function addTo(gaps: Map<number, Gap>, { acks, writes, usualMs }: Seen, i: number): void {
  const outcome = writes.outcome[i];
  const sentMs = writes.sentMs[i] as number;
  const doneMs = writes.doneMs[i] as number;
  // An operation that was never sent has waited since it was due.
  const sinceMs = outcome === OUTCOMES.unsent ? (writes.intendedMs[i] as number) : sentMs;
  const index = gapOf(acks.doneMs, sinceMs, doneMs);
  let gap = gaps.get(index);
  if (gap === undefined) {
    const silent = { firstSilentMs: Infinity, secondSilentMs: Infinity };
    gap = { failed: 0, unknown: 0, unsent: 0, earliestDownMs: Infinity, latestDownMs: -Infinity, ...silent };
    gaps.set(index, gap);
  }
  if (outcome === OUTCOMES.unsent) {
    gap.unsent++; // the client's own queue: it has asked the service nothing
    return;
  }
  if (outcome === OUTCOMES.fail) gap.failed++;
  else gap.unknown++;
  gap.earliestDownMs = Math.min(gap.earliestDownMs, doneMs);
  gap.latestDownMs = Math.max(gap.latestDownMs, sentMs);
  if (doneMs - sentMs > usualMs && !hadToConnect(writes, i)) addSilent(gap, sentMs);
}

function addSilent(gap: Gap, sentMs: number): void {
  gap.secondSilentMs = Math.min(gap.secondSilentMs, Math.max(gap.firstSilentMs, sentMs));
  gap.firstSilentMs = Math.min(gap.firstSilentMs, sentMs);
}

/**
 * A refusal before the last attempt of an operation. It only narrows an outage that failed operations show, and only if nothing was
 * acknowledged between the refusal and the sending: otherwise it may belong to another outage.
 */
function addRefusal(gaps: Map<number, Gap>, acks: Acknowledgements, writes: Operations, i: number): void {
  const refusedMs = refusedAtMs(writes, i);
  if (refusedMs === null) return;
  const index = countUpTo(acks.doneMs, refusedMs);
  const gap = gaps.get(index);
  if (gap === undefined || countUpTo(acks.doneMs, writes.sentMs[i] as number) !== index) return;
  gap.latestDownMs = Math.max(gap.latestDownMs, refusedMs);
}

/** A write on a new connection that the store accepted and did not answer in the usual time. */
function addUnanswered(gaps: Map<number, Gap>, { acks, writes, usualMs }: Seen, i: number): void {
  const openedMs = openedAtMs(writes, i);
  if (openedMs === null) return;
  const index = countUpTo(acks.doneMs, openedMs);
  const gap = gaps.get(index);
  if (gap === undefined) return;
  const answerMs = Math.max(usualMs, FIRST_ANSWER_MS);
  const untilMs = Math.min(writes.doneMs[i] as number, acks.doneMs[index] ?? Infinity) - answerMs;
  if (untilMs > openedMs) gap.latestDownMs = Math.max(gap.latestDownMs, untilMs);
}

/**
 * The first statement on a new connection takes longer than later ones, the more so while others log in beside it: up to 20 ms on two
 * cores, where a server was back at a known time and a dozen connected at once, and packets had been dropped.
 */
const FIRST_ANSWER_MS = 25;
const USUAL_SAMPLE = 1000;
const USUAL_SHARE = 0.99;
/** A garbage collection of either side. */
const LEAST_USUAL_MS = 3;

/** Usual time of an answer, ms: from the first acknowledged writes on existing connections. */
function usualAnswerMs(writes: Operations): number {
  const answers: number[] = [];
  for (let i = 0; i < writes.count && answers.length < USUAL_SAMPLE; i++) {
    if (writes.outcome[i] !== OUTCOMES.ok || writes.detail.get(i) !== undefined) continue;
    answers.push((writes.doneMs[i] as number) - (writes.sentMs[i] as number));
  }
  const sorted = answers.sort((a, b) => a - b);
  return Math.max(LEAST_USUAL_MS, sorted[Math.floor(sorted.length * USUAL_SHARE)] ?? Infinity);
}

/**
 * Gap k lies between acknowledgements k − 1 and k. Of the gaps that [from, to] touches the longest: what was slow and then
 * broke belongs to the outage that broke it, and what hung through the end of one to that.
 */
function gapOf(acks: Float64Array, from: number, to: number): number {
  const first = countUpTo(acks, from);
  const last = countUpTo(acks, to);
  let best = first;
  let longest = -1;
  for (let gap = first; gap <= last; gap++) {
    const length = (acks[gap] ?? Infinity) - (acks[gap - 1] ?? from);
    if (length > longest) {
      longest = length;
      best = gap;
    }
  }
  return best;
}

/** The gap with the earliest moment by which the store is known to have stopped. */
function withStart(gap: Gap, usualMs: number): Gap {
  return { ...gap, earliestDownMs: Math.min(gap.earliestDownMs, gap.secondSilentMs + usualMs) };
}

function outageOf(index: number, gap: Gap, acks: Acknowledgements, firstSentMs: number): RawOutage {
  const before = index === 0 ? null : (acks.doneMs[index - 1] as number);
  const after = index === acks.count ? null : (acks.doneMs[index] as number);
  const startLo = index === 0 ? firstSentMs : (acks.provenUpMs[index - 1] as number);
  const endHi = after ?? Infinity;
  const startHi = Math.max(startLo, Math.min(gap.earliestDownMs, endHi));
  const endLo = Math.max(startLo, Math.min(gap.latestDownMs, endHi));
  return {
    lastOkMs: before,
    firstOkMs: after,
    start: { loMs: startLo, hiMs: startHi },
    end: { loMs: endLo, hiMs: endHi },
    failed: gap.failed,
    unknown: gap.unknown,
    unsent: gap.unsent,
  };
}

function earliest(times: Float64Array): number {
  let found = Infinity;
  for (const time of times) found = Math.min(found, time);
  return found;
}

/** Length of the time from one edge to another. */
export function lengthOf(start: Interval, end: Interval): Interval {
  return { loMs: Math.max(0, end.loMs - start.hiMs), hiMs: end.hiMs - start.loMs };
}
