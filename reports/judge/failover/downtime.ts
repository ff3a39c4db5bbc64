import type { Interval } from '../../record/run-record.ts';
import { lengthOf } from './outages.ts';
import type { Episode } from './recovery.ts';
import type { Trial } from './trial.ts';

/** All outages since the fault together: a service that comes back six times has been away six times. */
export interface Downtime {
  outages: number;
  /** Between what they took at least and at most, ms. */
  totalMs: Interval;
  /** Where the first of them began at the earliest. */
  fromMs: number | null;
}

export function downtimeOf(episodes: readonly Episode[], endOfRecordingMs: number): Downtime {
  const lengths = episodes.map((episode) => downIn(episode, endOfRecordingMs));
  return {
    outages: episodes.reduce((sum, { outages }) => sum + outages.length, 0),
    totalMs: {
      loMs: lengths.reduce((sum, { loMs }) => sum + loMs, 0),
      hiMs: lengths.reduce((sum, { hiMs }) => sum + hiMs, 0),
    },
    fromMs: episodes[0]?.start.loMs ?? null,
  };
}

/** Each outage is known to its edges only; together they are no longer than what they are a part of. */
function downIn({ outages, start, end }: Episode, endOfRecordingMs: number): Interval {
  const until = (edge: Interval): Interval => ({ ...edge, hiMs: Math.min(edge.hiMs, endOfRecordingMs) });
  const lengths = outages.map((outage) => lengthOf(outage.start, until(outage.end)));
  const atMostMs = Math.max(0, lengthOf(start, until(end)).hiMs);
  return {
    loMs: lengths.reduce((sum, { loMs }) => sum + loMs, 0),
    hiMs: Math.min(
      atMostMs,
      lengths.reduce((sum, { hiMs }) => sum + Math.max(0, hiMs), 0),
    ),
  };
}

/** Shorter than this a workload counts as flowing: an operation that failed by itself as a member came back is told and no recovery waits for it. */
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
