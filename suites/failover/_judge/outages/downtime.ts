import type { Interval } from '../../../../reports/record/run-record.ts';
import { lengthOf } from '../../../../reports/judge/failover/outages/outages.ts';
import type { RawOutage } from '../../../../reports/judge/failover/outages/outages.ts';
import { isSeen } from '../../../../reports/judge/failover/outages/recovery.ts';
import type { Episode } from '../../../../reports/judge/failover/outages/recovery.ts';
import type { Trial } from '../trial.ts';

/** All outages since the fault: a service that recovers and fails six times was down six times. */
export interface Downtime {
  outages: number;
  /** In so many of them the store was asked and did not serve; in the others operations only waited for a connection. */
  seen: number;
  /** Lower and upper bound of their total length, ms. */
  totalMs: Interval;
  /** Where the first of them began at the earliest. */
  fromMs: number | null;
}

export function downtimeOf(since: readonly RawOutage[], endOfRecordingMs: number): Downtime {
  let [loMs, hiMs, untilMs] = [0, 0, -Infinity];
  for (const { start, end } of since) {
    const to = Math.min(end.hiMs, endOfRecordingMs);
    loMs += lengthOf(start, { loMs: end.loMs, hiMs: to }).loMs;
    // Only the bounds of outages are known, so two may overlap: no time is counted twice.
    hiMs += Math.max(0, to - Math.max(start.loMs, untilMs));
    untilMs = Math.max(untilMs, to);
  }
  return {
    outages: since.length,
    seen: since.filter(isSeen).length,
    totalMs: { loMs, hiMs },
    fromMs: since[0]?.start.loMs ?? null,
  };
}

/**
 * The client load ignores shorter interruptions: a single operation that fails as a member rejoins is recorded, and no recovery waits
 * for it.
 */
const GLITCH_MS = 500;

/** The last outage of more than a single operation that ended. */
export function lastRecovery(episodes: readonly Episode[]): Episode | null {
  return (
    episodes.findLast(({ lengthMs, steadyFromMs }) => steadyFromMs !== null && lengthMs.hiMs >= GLITCH_MS) ??
    null
  );
}

/**
 * Start of an outage's deadline: the fault, or its rollback if the outage began after that. A member that comes back may stall the
 * others, and the trial itself decides when it comes back.
 */
export function deadlineFor(trial: Trial, { start }: Episode): { fromMs: number; limitMs: number | null } {
  const { healingMs, rtoDeadlineMs, awayMs } = trial;
  const started = startedMs(trial, start);
  if (healingMs === null || start.loMs < healingMs || !Number.isFinite(awayMs))
    return { fromMs: started, limitMs: rtoDeadlineMs };
  return { fromMs: healingMs, limitMs: rtoDeadlineMs === null ? null : rtoDeadlineMs - awayMs };
}

/**
 * When a fault began to count: with its landing, or with the outage if that began sooner. From its being armed to there it may take minutes,
 * as where a cloud stops a machine, and the store has nothing to recover from.
 */
function startedMs({ faultMs, zeroMs, landedMs }: Trial, start: Interval): number {
  const armedMs = faultMs ?? zeroMs;
  return landedMs === null ? armedMs : Math.max(armedMs, Math.min(landedMs, start.loMs));
}
