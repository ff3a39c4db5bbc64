/** Whether every pod that an autoscaler wished for during a load came. */
import { secondsOf } from './conclude.ts';
import type { Observed } from './observed.ts';

/** More pods were wanted than before. Times are those of the history, ms. */
export interface Raise {
  t: number;
  from: number;
  to: number;
  /** As many were ready; null: not seen. */
  metMs: number | null;
  /** Fewer were wanted again; null: not seen. */
  withdrawnMs: number | null;
}

/** Those of the load, in order. @param base pods wanted before it */
export function raisesOf({ hpa, replicas, endMs }: Observed, startMs: number, base: number): Raise[] {
  const found: Raise[] = [];
  let before = base;
  for (const { t, desired } of hpa) {
    if (t < startMs || t > (endMs ?? Infinity)) continue;
    if (desired > before)
      found.push({
        ...{ t, from: before, to: desired },
        metMs: readyFrom(replicas, t, desired),
        withdrawnMs: hpa.find((later) => later.t > t && later.desired < desired)?.t ?? null,
      });
    before = desired;
  }
  return found;
}

/** Replicas are recorded when they change: those of before may be enough already. */
function readyFrom(replicas: Observed['replicas'], t: number, count: number): number | null {
  const last = replicas.findLast((one) => one.t <= t);
  if (last !== undefined && last.ready >= count) return t;
  return replicas.find((one) => one.t > t && one.ready >= count)?.t ?? null;
}

/** What is held against the raises. */
interface Patience {
  /** Until then pods may take whenever they were wished for: the goal for new pods counts from the load, ms of the history. */
  readyMs: number;
  /** From a raise to ready pods, ms: what the goals leave between the decision and them. */
  eachMs: number;
  /** End of what was watched of the load. */
  untilMs: number;
}

export interface Unmet {
  failures: string[];
  gaps: string[];
}

/** A raise whose pods did not come in time is a failure, one that the end of the load cut off is a gap, and one that was taken back is neither. */
export function unmetOf(raises: readonly Raise[], { readyMs, eachMs, untilMs }: Patience): Unmet {
  const unmet: Unmet = { failures: [], gaps: [] };
  for (const raise of raises) {
    const deadlineMs = Math.max(raise.t + eachMs, readyMs);
    if ((raise.metMs ?? Infinity) <= deadlineMs || (raise.withdrawnMs ?? Infinity) <= deadlineMs) continue;
    const what = `the raise from ${raise.from} to ${raise.to} pods`;
    if (raise.metMs === null && untilMs < deadlineMs)
      unmet.gaps.push(`${what} was not met when the load ended, ${secondsOf(untilMs - raise.t)} s after it`);
    else
      unmet.failures.push(
        `${what} was ${lateText(raise, untilMs)}, ${secondsOf(deadlineMs - raise.t)} s are allowed`,
      );
  }
  return unmet;
}

function lateText({ t, metMs }: Raise, untilMs: number): string {
  return metMs === null
    ? `never met (watched for ${secondsOf(untilMs - t)} s)`
    : `met after ${secondsOf(metMs - t)} s`;
}
