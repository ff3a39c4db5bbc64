/** Whether a service bore its load before the fault: where it did not, what it did afterwards says little of the fault. */
import { OUTCOMES } from '../record/history/history.ts';
import type { Operations } from '../record/history/history.ts';
import type { Rule } from '../record/rule.ts';

/**
 * Above this share of what had failed before the fault, no goal is missed because of it. A healthy service loses single ones while its
 * client opens its connections. Stores that two cores were too slow for had lost 38 % of 200 writes a second, and 52 %, and an edge 45 %
 * of 20 requests a second (measured 2026-11-29).
 */
const MOST_FAILED_SHARE = 0.1;

/** Of what had ended before the fault, how much had failed. */
export interface BeforeFault {
  ended: number;
  failed: number;
}

export function isOverloaded({ ended, failed }: BeforeFault): boolean {
  return failed > ended * MOST_FAILED_SHARE;
}

/**
 * Writes that were not sent for want of a connection, or whose outcome is unknown, have failed.
 * @param faultMs when the fault was injected, ms of CLOCK_MONOTONIC; null: it never was
 */
export function writesBefore({ count, doneMs, outcome }: Operations, faultMs: number | null): BeforeFault {
  const seen = { ended: 0, failed: 0 };
  for (let i = 0; i < count; i++) {
    if ((doneMs[i] as number) > (faultMs ?? -Infinity)) continue;
    seen.ended++;
    if (outcome[i] !== OUTCOMES.ok) seen.failed++;
  }
  return seen;
}

/** What makes a goal of time that a store missed inconclusive; null: it bore the load. */
export function overloadedText(before: BeforeFault, ratePerSecond: number): string | null {
  if (!isOverloaded(before)) return null;
  const load = `${Math.round(ratePerSecond)} writes a second`;
  return `but ${before.failed} of ${before.ended} writes had failed before the fault: the store did not bear ${load}, and what the fault alone would have cost is not known; lower clientLoad.writesPerSecond of the store`;
}

/** The rule of a goal that was missed: failed, or inconclusive where the load was not borne before the fault. */
export function missedRule(rule: Pick<Rule, 'id' | 'text' | 'ofTime'>, overloaded: string | null): Rule {
  return overloaded === null
    ? { ...rule, verdict: 'fail' }
    : { id: rule.id, verdict: 'inconclusive', text: `${rule.text}; ${overloaded}` };
}
