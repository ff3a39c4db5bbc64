/** Whether the pods of every scale-up during a load became ready. */
import { secondsOf } from './conclude.ts';
import type { Observed } from './observed.ts';

/** A scale-up: more pods desired than before. Times are those of the history, ms. */
export interface Raise {
  t: number;
  from: number;
  to: number;
  /** When that many were ready; null: not seen. */
  metMs: number | null;
  /** When fewer were desired again; null: not seen. */
  withdrawnMs: number | null;
}

/** Scale-ups during the load, in order. @param base pods desired before it */
export function raisesOf({ hpa, replicas, endMs }: Observed, startMs: number, base: number): Raise[] {
  const found: Raise[] = [];
  let before = base;
  for (const { t, desired } of hpa) {
    if (t < startMs || t > (endMs ?? Infinity)) continue;
    if (desired > before)
      found.push({
        t,
        from: before,
        to: desired,
        metMs: readyFrom(replicas, t, desired),
        withdrawnMs: hpa.find((later) => later.t > t && later.desired < desired)?.t ?? null,
      });
    before = desired;
  }
  return found;
}

/**
 * When so many were ready. Replicas are recorded only when they change: the last record before `t` may be enough already, as where KEDA adds a
 * pod before the autoscaler says so. null: not seen.
 */
export function readyFrom(replicas: Observed['replicas'], t: number, count: number): number | null {
  const last = replicas.findLast((one) => one.t <= t);
  if (last !== undefined && last.ready >= count) return t;
  return replicas.find((one) => one.t > t && one.ready >= count)?.t ?? null;
}

/** Deadlines for scale-ups. */
interface Patience {
  /** No deadline lies before this: the goal for ready pods counts from the load. Ms of the history. */
  readyMs: number;
  /** Time allowed from a scale-up to ready pods, ms: the goal for ready pods minus that for the decision. */
  eachMs: number;
  /** End of what was watched of the load. */
  untilMs: number;
}

export interface Unmet {
  failures: string[];
  gaps: string[];
}

/** A scale-up whose pods were late is a failure, one cut off by the end of the load is a gap, one taken back is neither. */
export function unmetOf(raises: readonly Raise[], { readyMs, eachMs, untilMs }: Patience): Unmet {
  const unmet: Unmet = { failures: [], gaps: [] };
  for (const raise of raises) {
    const deadlineMs = Math.max(raise.t + eachMs, readyMs);
    if ((raise.metMs ?? Infinity) <= deadlineMs || (raise.withdrawnMs ?? Infinity) <= deadlineMs) continue;
    const what = `the scale-up from ${raise.from} to ${raise.to} pods`;
    if (raise.metMs === null && untilMs < deadlineMs)
      unmet.gaps.push(
        `the pods of ${what} were not all ready when the load ended, ${secondsOf(untilMs - raise.t)} s after the scale-up`,
      );
    else
      unmet.failures.push(
        `the pods of ${what} were ${lateText(raise, untilMs)}, allowed are ${secondsOf(deadlineMs - raise.t)} s`,
      );
  }
  return unmet;
}

function lateText({ t, metMs }: Raise, untilMs: number): string {
  return metMs === null
    ? `never all ready (observed for ${secondsOf(untilMs - t)} s)`
    : `ready after ${secondsOf(metMs - t)} s`;
}
