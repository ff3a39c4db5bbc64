/** Whether a service bore its load before the fault: where it did not, what it did afterwards says little of the fault. */
import { OUTCOMES } from '../record/history/history.ts';
import type { Operations } from '../record/history/history.ts';
import { excusedBy } from '../record/rule.ts';
import type { Excuse, Rule } from '../record/rule.ts';

/**
 * Above this share of what had failed before the fault, no goal is missed because of it. A healthy service loses single ones while its
 * client opens its connections. Stores that two cores were too slow for had lost 38 % of 200 writes a second, and 52 %, and an edge 45 %
 * of 20 requests a second (measured 2026-11-29).
 */
const MOST_FAILED_SHARE = 0.1;

/**
 * What failed in fewer seconds than this is no load that a store does not bear: a client opens its connections, or a leader changes. The fault
 * comes only after five seconds without a failure.
 */
const LEAST_SECONDS = 5;
/** An operation that got no answer in its time: the connection, or the statement. */
const NOT_IN_TIME = /^(?:connect: )?(?:deadline|no connection within the limit|.*timeout)\b/i;

/**
 * A fault comes after so long without a failed write, ms. A single one that fails between that stretch and the fault is no unsteady store: what it
 * takes to prepare the fault may be seconds.
 */
const CALM_MS = 5_000;
const MOST_CALM_FAILED_SHARE = 0.01;

/** Of what had ended before the fault, how much had failed. */
export interface BeforeFault {
  ended: number;
  failed: number;
}

/** The same of writes, with the number of seconds in which any had failed. */
export interface WritesBefore extends BeforeFault {
  seconds: number;
}

export function isOverloaded({ ended, failed }: BeforeFault): boolean {
  return failed > ended * MOST_FAILED_SHARE;
}

/**
 * Writes that were not sent for want of a connection, or that got no answer in time: what a store is too slow for. What it refused says nothing
 * of the load.
 * @param faultMs when the fault was injected, ms of CLOCK_MONOTONIC; null: it never was
 */
export function writesBefore(writes: Operations, faultMs: number | null): WritesBefore {
  const { count, doneMs } = writes;
  const seen = { ended: 0, failed: 0 };
  const seconds = new Set<number>();
  for (let i = 0; i < count; i++) {
    const done = doneMs[i] as number;
    if (done > (faultMs ?? -Infinity)) continue;
    seen.ended++;
    if (!tooSlowFor(writes, i)) continue;
    seen.failed++;
    seconds.add(Math.floor(done / 1000));
  }
  return { ...seen, seconds: seconds.size };
}

/**
 * Why nothing can be said of a fault's effect: clients were not served right before it either, whatever the reason; null: they were. What failed
 * longer before is none of it: a store may take half a minute until it bears a load that begins at once.
 */
export function unsteadyBefore(
  { count, doneMs, outcome }: Operations,
  faultMs: number | null,
): string | null {
  if (faultMs === null) return null;
  const calm = { ended: 0, failed: 0 };
  for (let i = 0; i < count; i++) {
    const done = doneMs[i] as number;
    if (done <= faultMs - CALM_MS || done > faultMs) continue;
    calm.ended++;
    if (outcome[i] !== OUTCOMES.ok) calm.failed++;
  }
  return calm.failed > calm.ended * MOST_CALM_FAILED_SHARE
    ? `${calm.failed} of ${calm.ended} writes failed in the ${CALM_MS / 1000} s before the fault`
    : null;
}

function tooSlowFor({ outcome, detail }: Operations, i: number): boolean {
  if (outcome[i] === OUTCOMES.ok) return false;
  return outcome[i] === OUTCOMES.unsent || NOT_IN_TIME.test(detail.get(i) ?? '');
}

/** What makes a goal of time that a store missed inconclusive; null: it bore the load. */
export function overload(before: WritesBefore, ratePerSecond: number): Excuse | null {
  if (!isOverloaded(before) || before.seconds < LEAST_SECONDS) return null;
  const load = `${Math.round(ratePerSecond)} writes a second`;
  const text = `but ${before.failed} of ${before.ended} writes had failed before the fault: the store did not bear ${load}, and what the fault alone would have cost is not known; lower clientLoad.writesPerSecond of the store`;
  return { text, seen: before.failed / before.ended, upTo: MOST_FAILED_SHARE };
}

/** The rule of a goal that was missed: failed, or inconclusive where the load was not borne before the fault. */
export function missedRule(rule: Pick<Rule, 'id' | 'text' | 'ofTime'>, overloaded: Excuse | null): Rule {
  const missed: Rule = { ...rule, verdict: 'fail' };
  return overloaded === null ? missed : excusedBy(missed, overloaded);
}
