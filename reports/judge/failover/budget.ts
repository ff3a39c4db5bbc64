/** Checks that the estimated cost of a trial follows from its expected outage, and that the counted cost matches the operations. */
import { faultFacts } from '../../record/fault-facts.ts';
import { OUTCOMES } from '../../record/history/history.ts';
import type { History } from '../../record/history/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import { first, last } from '../observed.ts';

/** The estimate and the outage are both rounded. */
const SAME_MS = 1;
/** A client load reports four times a second: its meter may see an outage that much shorter than it was. */
const REPORT_MS = 500;
/** The meter does not count a shorter gap as an outage. */
const LEAST_MS = 500;
/** The meter counts failures only from its first report on. */
const FIRST_REPORT_MS = 1_000;
/** The last report of a client load comes when its history is closed. */
const ENDING_MS = 1_000;

export function budgetGap(history: History): string | null {
  const estimate = last(history, 'budget-estimate');
  if (estimate === undefined) return null;
  const { outageMs, share, estimateMs } = estimate;
  if (!(share > 0 && share <= 1))
    return `the estimated cost assumes a share of ${share} of the traffic, expected above 0 and at most 1`;
  if (Math.abs(Math.round(outageMs * share) - estimateMs) > SAME_MS)
    return `the estimated cost is ${estimateMs} ms, which is not the share of ${share} of an outage of ${outageMs} ms`;
  return (
    windowGap(history, estimate) ??
    outageGap(history, estimate) ??
    enforcedGap(history, estimate) ??
    spentGap(history, estimate)
  );
}

function windowGap(history: History, { from }: Seen<'budget-estimate'>): string | null {
  const window = last(history, 'expected-window');
  if ((from === 'window') !== (window !== undefined))
    return 'the estimated cost must come from the expected window where one is recorded, and only there';
  return window === undefined || (window.loMs >= 0 && window.loMs <= window.hiMs)
    ? null
    : `the expected window is ${window.loMs} to ${window.hiMs} ms: its bounds are negative or swapped`;
}

function outageGap(history: History, { from, outageMs }: Seen<'budget-estimate'>): string | null {
  const { timeouts } = history.header.settings;
  const heldMs = heldOf(history);
  const later = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms + heldMs);
  const expected = {
    window: last(history, 'expected-window')?.hiMs,
    goal: later(goalMs(history)),
    // Without a deadline in the header there is nothing to compare with.
    deadline: later(timeouts?.['rtoDeadline']) ?? outageMs,
  }[from];
  return expected !== undefined && Math.abs(expected - outageMs) <= SAME_MS && outageMs > 0
    ? null
    : `the cost is estimated for an outage of ${outageMs} ms, but its source, the ${from}, says ${expected ?? 'nothing'}`;
}

/** For how long a majority of the members is kept away by a fault that does not end by itself: the store cannot recover sooner, ms. */
function heldOf(history: History): number {
  const { failover, timeouts } = history.header.settings;
  if (failover?.target !== 'majority' || !lasts(history)) return 0;
  return failover.holdMs ?? timeouts?.['faultHold'] ?? 0;
}

/** Whether the fault stays until it is undone. */
function lasts(history: History): boolean {
  const { check, settings } = history.header;
  const [, , named = ''] = check.split('/');
  const planned = settings.failover?.fault ?? settings.fault ?? named;
  return faultFacts(first(history, 'fault-armed')?.fault ?? planned)?.heals === false;
}

function goalMs({ header }: History): number | undefined {
  const { rtoSeconds } = header.goals;
  return rtoSeconds === undefined ? undefined : rtoSeconds * 1000;
}

/** Whether the error budget is a limit: as the environment declares; by default everywhere but in the embedded one. */
function enforcedGap({ header }: History, estimate: Seen<'budget-estimate'>): string | null {
  const { drills, embedded } = header.settings;
  if (drills?.errorBudget === undefined) return null;
  const declared = drills.errorBudget.enforced ?? embedded === undefined;
  return estimate.enforced === declared
    ? null
    : `the error budget was ${estimate.enforced ? '' : 'not '}enforced, declared is that it ${declared ? 'is' : 'is not'}`;
}

/** Compares what the meter counted during the trial with the operations themselves. */
function spentGap(history: History, { t, share }: Seen<'budget-estimate'>): string | null {
  const spent = last(history, 'budget-spent');
  if (spent === undefined || history.writes.count === 0) return null;
  const { spentMs, longestOutageMs } = spent;
  const { lost, longest } = costOf(history, { sinceMs: t, seenMs: longestOutageMs });
  if (!isWithin(longestOutageMs, longest))
    return `the longest outage was counted as ${Math.round(longestOutageMs)} ms, the recorded writes show ${textOf(longest)}`;
  const price = { loMs: lost.loMs * share, hiMs: lost.hiMs * share };
  return isWithin(spentMs, price)
    ? null
    : `the fault's cost was counted as ${Math.round(spentMs)} ms, the recorded writes show ${textOf(price)}`;
}

interface Span {
  loMs: number;
  hiMs: number;
}

const isWithin = (ms: number, { loMs, hiMs }: Span): boolean => ms >= loMs - SAME_MS && ms <= hiMs + SAME_MS;
const textOf = ({ loMs, hiMs }: Span): string => `${Math.round(loMs)} to ${Math.round(hiMs)} ms`;

/** The larger of: time without a success; time that the failed writes fill at the planned rate. */
/** @param seenMs the longest outage that the meter saw */
function costOf(
  history: History,
  { sinceMs, seenMs }: { sinceMs: number; seenMs: number },
): { lost: Span; longest: Span } {
  const gaps = gapsOf(history, sinceMs);
  const longest = {
    loMs: Math.max(0, ...gaps.map(({ loMs }) => loMs)),
    hiMs: Math.max(0, ...gaps.map(({ hiMs }) => hiMs)),
  };
  const sum = (of: (gap: Span) => number): number => gaps.reduce((total, gap) => total + of(gap), 0);
  const failed = failedMs(history, sinceMs);
  const outages = { loMs: sum(({ loMs }) => loMs), hiMs: sum(({ hiMs }) => hiMs) };
  return {
    longest,
    lost: {
      loMs: Math.max(failed.loMs, outages.loMs, seenMs < LEAST_MS ? 0 : seenMs),
      // Where it saw no outage it counted failures only.
      hiMs: seenMs < LEAST_MS ? failed.hiMs : Math.max(failed.hiMs, outages.hiMs),
    },
  };
}

/** Times between successes that the meter may have counted as outages, and the time from the last success to its last report. */
function gapsOf(history: History, sinceMs: number): Span[] {
  const { count, outcome, doneMs } = history.writes;
  const done = new Float64Array(count).fill(Infinity);
  for (let i = 0; i < count; i++) if (outcome[i] === OUTCOMES.ok) done[i] = doneMs[i] as number;
  const gaps: Span[] = [];
  let beforeMs = sinceMs;
  for (const time of done.sort()) {
    if (time === Infinity) break;
    const lengthMs = time - Math.max(beforeMs, sinceMs);
    if (lengthMs >= LEAST_MS) gaps.push(seenOf(lengthMs));
    beforeMs = Math.max(beforeMs, time);
  }
  const endMs = first(history, 'client-load-end')?.t ?? beforeMs;
  return [...gaps, { loMs: 0, hiMs: Math.max(0, endMs - beforeMs) + ENDING_MS }];
}

function seenOf(lengthMs: number): Span {
  const leastMs = lengthMs - REPORT_MS;
  return { loMs: leastMs < LEAST_MS ? 0 : leastMs, hiMs: lengthMs };
}

function failedMs({ writes, ...history }: History, sinceMs: number): Span {
  const rate = first(history, 'client-load-start')?.ratePerSecond ?? Number.NaN;
  let [few, many] = [0, 0];
  for (let i = 0; i < writes.count; i++) {
    if (writes.outcome[i] === OUTCOMES.ok || (writes.doneMs[i] as number) < sinceMs) continue;
    many += 1;
    if ((writes.doneMs[i] as number) > sinceMs + FIRST_REPORT_MS) few += 1;
  }
  return { loMs: (few * 1000) / rate, hiMs: (many * 1000) / rate };
}
