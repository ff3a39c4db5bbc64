import { add } from '../../../../reports/judge/count.ts';
import { OUTCOMES } from '../../../../reports/record/history/history.ts';
import type { Operations } from '../../../../reports/record/history/history.ts';
import { refusalIn, refusedBy, refusedTotal } from '../../../../reports/record/refusals.ts';
import type { Refusal, Refused } from '../../../../reports/record/refusals.ts';
import type { RequestSums } from '../../../../reports/record/run-record.ts';

/** Kinds of errors listed in a record. */
const MAX_ERRORS = 12;

/** The window in which requests are judged, ms of CLOCK_MONOTONIC. */
export interface Window {
  /** When the fault was ordered; its proof comes later. Requests without an answer by then are judged, too. */
  fromMs: number;
  /** When it had landed. */
  zeroMs: number;
  /** Length after the zero. */
  windowMs: number;
  /** Time at the beginning of the window in which failures are allowed. */
  allowanceMs: number;
}

/**
 * Sums of the requests that were in flight or due from the fault to the end of the window. Anything but a good answer has failed for
 * the client: an error, no answer, or a request that could not be sent because all connections hung. These are counted apart and judged
 * alike. A refused request is listed with the errors, but the service did not fail in it: it makes neither a second with failures nor the
 * last one.
 */
export function requestSums(requests: Operations, window: Window): RequestSums {
  const { fromMs, zeroMs, windowMs, allowanceMs } = window;
  const counts = new Float64Array(4);
  const errors = new Map<string, number>();
  const seconds = new Map<number, number>();
  let lastFailure: number | null = null;
  for (let i = 0; i < requests.count; i++) {
    const dueMs = (requests.intendedMs[i] as number) - zeroMs;
    if ((requests.doneMs[i] as number) < fromMs || dueMs >= windowMs) continue;
    const outcome = requests.outcome[i] as number;
    const failed = hasFailed(requests, i);
    if (failed) lastFailure = Math.max(lastFailure ?? 0, (requests.doneMs[i] as number) - zeroMs);
    if (outcome !== OUTCOMES.ok) add(errors, errorOf(requests.detail.get(i), outcome), 1);
    if (isAllowed(dueMs, window)) continue;
    counts[outcome] = (counts[outcome] as number) + 1;
    // Requests in flight at the landing belong to the first second.
    add(seconds, Math.max(0, Math.floor(dueMs / 1000)), Number(failed));
  }
  const refused = refusedTotal(refusedIn(requests, window));
  return {
    windowMs,
    allowanceMs,
    ...byOutcome(counts),
    ...(refused > 0 && { refused }),
    seconds: seconds.size,
    secondsWithFailures: [...seconds.values()].filter((count) => count > 0).length,
    lastFailureMs: lastFailure === null ? null : Math.round(lastFailure),
    errors: [...errors]
      .sort((a, b) => b[1] - a[1])
      .slice(0, MAX_ERRORS)
      .map(([error, count]) => ({ error, count })),
  };
}

/** @param counts in the order of the codes of outcomes */
function byOutcome(
  counts: Float64Array,
): Pick<RequestSums, 'judged' | 'ok' | 'failed' | 'unanswered' | 'unsent'> {
  const [ok = 0, failed = 0, unanswered = 0, unsent = 0] = counts;
  return { judged: ok + failed + unanswered + unsent, ok, failed, unanswered, unsent };
}

/** Why a request was refused before the service answered; null: it was not. */
function refusalAt({ outcome, detail }: Operations, i: number): Refusal | null {
  return outcome[i] === OUTCOMES.ok ? null : refusalIn(detail.get(i) ?? '');
}

/** The service failed in it: no good answer, and not refused before it. */
const hasFailed = (requests: Operations, i: number): boolean =>
  requests.outcome[i] !== OUTCOMES.ok && refusalAt(requests, i) === null;

/** Due while failures are allowed. */
const isAllowed = (dueMs: number, { allowanceMs }: Window): boolean => allowanceMs > 0 && dueMs < allowanceMs;

/** The judged requests one by one: when each was due, and whether it got a good answer; null: it was refused, so that nobody knows. */
export function requestEvents(
  requests: Operations,
  window: Window,
): { atMs: number; good: boolean | null }[] {
  const { fromMs, zeroMs, windowMs } = window;
  const events: { atMs: number; good: boolean | null }[] = [];
  for (let i = 0; i < requests.count; i++) {
    const atMs = requests.intendedMs[i] as number;
    const dueMs = atMs - zeroMs;
    if ((requests.doneMs[i] as number) < fromMs || dueMs >= windowMs) continue;
    if (isAllowed(dueMs, window)) continue;
    const refused = refusalAt(requests, i) !== null;
    events.push({ atMs, good: refused ? null : requests.outcome[i] === OUTCOMES.ok });
  }
  return events;
}

/** Judged requests that were refused, by the reason. */
export function refusedIn(requests: Operations, window: Window): Refused {
  const { fromMs, zeroMs, windowMs } = window;
  const refused = refusedBy(() => 0);
  for (let i = 0; i < requests.count; i++) {
    const refusal = refusalAt(requests, i);
    const dueMs = (requests.intendedMs[i] as number) - zeroMs;
    if (refusal === null || (requests.doneMs[i] as number) < fromMs || dueMs >= windowMs) continue;
    if (!isAllowed(dueMs, window)) refused[refusal]++;
  }
  return refused;
}

/** The class of the error without the time that was waited for a connection. */
function errorOf(detail: string | undefined, outcome: number): string {
  const bare = (detail ?? '').replace(/;?waited=[\d.]+/, '');
  if (bare !== '') return bare;
  return outcome === OUTCOMES.unsent ? 'not sent: every connection was busy' : 'no detail';
}

/** Requests that had come to an end before a time, and how many of them failed or were refused. */
export function before(
  requests: Operations,
  timeMs: number,
): { sent: number; failed: number; refused: Refused } {
  let sent = 0;
  let failed = 0;
  const refused = refusedBy(() => 0);
  for (let i = 0; i < requests.count; i++) {
    if ((requests.doneMs[i] as number) >= timeMs) continue;
    sent++;
    if (requests.outcome[i] !== OUTCOMES.ok) failed++;
    const refusal = refusalAt(requests, i);
    if (refusal !== null) refused[refusal]++;
  }
  return { sent, failed, refused };
}

/** When the last request was due. */
export function lastDueMs({ intendedMs }: Operations): number {
  let last = -Infinity;
  for (const time of intendedMs) last = Math.max(last, time);
  return last;
}
