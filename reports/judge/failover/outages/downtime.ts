import type { Interval } from '../../../record/run-record.ts';
import { lengthOf } from './outages.ts';
import type { RawOutage } from './outages.ts';
import type { Episode } from './recovery.ts';
import type { Trial } from '../trial.ts';

/** All outages since the fault together: a service that comes back six times has been away six times. */
export interface Downtime {
  outages: number;
  /** Between what they took at least and at most, ms. */
  totalMs: Interval;
  /** Where the first of them began at the earliest. */
  fromMs: number | null;
}

export function downtimeOf(since: readonly RawOutage[], endOfRecordingMs: number): Downtime {
  let [loMs, hiMs, untilMs] = [0, 0, -Infinity];
  for (const { start, end } of since) {
    const to = Math.min(end.hiMs, endOfRecordingMs);
    loMs += lengthOf(start, { loMs: end.loMs, hiMs: to }).loMs;
    // Known to their edges only they may overlap; no time was lost twice.
    hiMs += Math.max(0, to - Math.max(start.loMs, untilMs));
    untilMs = Math.max(untilMs, to);
  }
  return { outages: since.length, totalMs: { loMs, hiMs }, fromMs: since[0]?.start.loMs ?? null };
}

/** Shorter than this a client load counts as flowing: an operation that failed by itself as a member came back is told and no recovery waits for it. */
const GLITCH_MS = 500;

/** The last outage that was more than a single operation, and that came to an end. */
export function lastRecovery(episodes: readonly Episode[]): Episode | null {
  return (
    episodes.findLast(({ lengthMs, steadyFromMs }) => steadyFromMs !== null && lengthMs.hiMs >= GLITCH_MS) ??
    null
  );
}

/**
 * From when on an outage has its deadline: from the fault, or from when it was undone where the outage began after that: a member that comes
 * back may stall the others, and when it comes back is the trial's own doing.
 */
export function deadlineFor(
  { faultMs, zeroMs, healingMs, rtoDeadlineMs, awayMs }: Trial,
  { start }: Episode,
): { fromMs: number; limitMs: number | null } {
  const started = faultMs ?? zeroMs;
  if (healingMs === null || start.loMs < healingMs || !Number.isFinite(awayMs))
    return { fromMs: started, limitMs: rtoDeadlineMs };
  return { fromMs: healingMs, limitMs: rtoDeadlineMs === null ? null : rtoDeadlineMs - awayMs };
}
