import type { History, Operations } from '../../../record/history/history.ts';
import type { Seen } from '../../../record/observations/index.ts';
import { gapRule } from '../../../record/rule.ts';
import type { Rule } from '../../../record/rule.ts';
import { first } from '../../observed.ts';

/** Times are written to the microsecond. */
const ROUNDING_MS = 0.005;
/** From the client's own description to its first operation: it creates its table, queue or index and opens its connections. */
const OPENING_MS = 40_000;
/** Allowed after the end of the schedule, beside the time-outs of outstanding operations. */
const CLOSING_MS = 5_000;

/** What was planned of one kind of operation. */
interface Plan {
  what: 'write' | 'read';
  ratePerSecond: number;
  startMs: number;
  scheduled: number;
}

/**
 * An open-loop client sends on a fixed schedule: an operation's number says when it was due. Missing, moved or invented operations
 * therefore show: each number occurs once, was due at its time, was sent no sooner, was done no sooner than sent, and the schedule
 * fills the recording.
 */
export function scheduleRules(history: History): Rule[] {
  const start = first(history, 'client-load-start');
  const end = first(history, 'client-load-end');
  // The evidence rules already report missing ones.
  if (start === undefined || end === undefined || history.writes.count === 0) return [];
  const startMs = earliest(history.writes);
  const writes: Plan = {
    what: 'write',
    ratePerSecond: start.ratePerSecond,
    startMs,
    scheduled: end.scheduled,
  };
  const reads: Plan = {
    what: 'read',
    ratePerSecond: start.readRatePerSecond,
    startMs: startMs + 500 / start.ratePerSecond,
    scheduled: end.scheduledReads,
  };
  const times = { startedMs: start.t, endedMs: end.t, drainMs: drainOf(start) };
  return [
    ruleOf('schedule/writes', history.writes, writes, times),
    ...(start.readRatePerSecond === 0 && history.reads.count === 0
      ? []
      : [ruleOf('schedule/reads', history.reads, reads, times)]),
  ];
}

interface Times {
  startedMs: number;
  endedMs: number;
  drainMs: number;
}

function drainOf({ settings }: Seen<'client-load-start'>): number {
  return settings.operationTimeoutMs + settings.waitTimeoutMs + CLOSING_MS;
}

function ruleOf(id: string, operations: Operations, plan: Plan, times: Times): Rule {
  const gap = planGap(operations, plan, times) ?? orderGap(operations, plan);
  return gapRule(id, gap, `${operations.count} ${plan.what}s as scheduled`);
}

/** The schedule as a whole: does it begin, go on and end as the client says? */
function planGap(
  { count }: Operations,
  { what, ratePerSecond, startMs, scheduled }: Plan,
  { startedMs, endedMs, drainMs }: Times,
): string | null {
  if (!(ratePerSecond > 0)) return `${what}s are planned at ${ratePerSecond} a second, expected above 0`;
  if (count !== scheduled) return `${scheduled} ${what}s were scheduled, ${count} recorded`;
  if (startMs < startedMs || startMs > startedMs + OPENING_MS)
    return `the first ${what} was due ${Math.round(startMs - startedMs)} ms after the client began, expected 0 to ${OPENING_MS} ms`;
  const nextMs = startMs + (scheduled * 1000) / ratePerSecond;
  const outsideMs = endedMs - nextMs;
  return outsideMs > drainMs || outsideMs < -1000 / ratePerSecond - ROUNDING_MS
    ? `the schedule of ${scheduled} ${what}s at ${ratePerSecond} a second ends ${Math.round(outsideMs)} ms before the client did, expected 0 to ${drainMs} ms`
    : null;
}

/** Every single operation. */
function orderGap({ count, n, intendedMs, sentMs, doneMs }: Operations, plan: Plan): string | null {
  const { what, startMs } = plan;
  const spacingMs = 1000 / plan.ratePerSecond;
  const seen = new Uint8Array(count + 1);
  for (let i = 0; i < count; i++) {
    const number = n[i] as number;
    const dueMs = intendedMs[i] as number;
    const sent = sentMs[i] as number;
    if (number < 1 || number > count) return `${what} ${number} of ${count} was never scheduled`;
    if (seen[number] === 1) return `${what} ${number} is in the history twice`;
    seen[number] = 1;
    const offMs = dueMs - (startMs + (number - 1) * spacingMs);
    if (Math.abs(offMs) > ROUNDING_MS)
      return `${what} ${number} was due ${offMs.toFixed(3)} ms off its schedule`;
    if (sent < dueMs - ROUNDING_MS) return `${what} ${number} was sent before it was due`;
    if ((doneMs[i] as number) < sent) return `${what} ${number} ended before it was sent`;
  }
  return null;
}

function earliest({ intendedMs }: Operations): number {
  let found = Infinity;
  for (const time of intendedMs) found = Math.min(found, time);
  return found;
}
