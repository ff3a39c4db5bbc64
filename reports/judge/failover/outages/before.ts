/** Whether the store bore the load before the fault: where it did not, what it did afterwards says little of the fault. */
import { OUTCOMES } from '../../../record/history/history.ts';
import type { Operations } from '../../../record/history/history.ts';

/**
 * Above this share of writes that were not acknowledged before the fault, no goal of time is missed because of it. A healthy store loses
 * single ones while its client opens its connections. A store that two cores were too slow for had lost 38 % of 200 a second, and 52 %
 * (measured 2026-11-29).
 */
const MAX_FAILED_SHARE = 0.1;

/** Writes that had ended before the fault. */
export interface WritesBefore {
  ended: number;
  /** Those of them that failed, were not sent for want of a connection, or whose outcome is unknown. */
  failed: number;
}

/** @param faultMs when the fault was injected, ms of CLOCK_MONOTONIC; null: it never was */
export function writesBefore({ count, doneMs, outcome }: Operations, faultMs: number | null): WritesBefore {
  const seen = { ended: 0, failed: 0 };
  for (let i = 0; i < count; i++) {
    if ((doneMs[i] as number) > (faultMs ?? -Infinity)) continue;
    seen.ended++;
    if (outcome[i] !== OUTCOMES.ok) seen.failed++;
  }
  return seen;
}

/** What makes a missed goal of time inconclusive; null: the store bore the load. */
export function overloadedBefore({ ended, failed }: WritesBefore, ratePerSecond: number): string | null {
  if (failed <= ended * MAX_FAILED_SHARE) return null;
  const load = `${Math.round(ratePerSecond)} writes a second`;
  return `but ${failed} of ${ended} writes had failed before the fault: the store did not bear ${load}, and what the fault alone would have cost is not known; lower clientLoad.writesPerSecond of the store`;
}
