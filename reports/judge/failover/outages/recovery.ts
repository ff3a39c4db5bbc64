import type { Interval } from '../../../record/run-record.ts';
import { countUpTo } from '../writes/acknowledgements.ts';
import type { Acknowledgements } from '../writes/acknowledgements.ts';
import { lengthOf } from './outages.ts';
import type { RawOutage } from './outages.ts';

/** A stretch without a failure that is at least this long ends an outage for good. */
export const STEADY_MS = 5000;
/** In a steady stretch at least this share of what is due is acknowledged: a generator that stands still proves nothing. */
const STEADY_SHARE = 0.5;

/**
 * Outages with less than a steady stretch between them are one episode: a service that answers for a second and fails again is not
 * back. The RTO is the longest episode, from the beginning of its first outage to the end of its last.
 */
export interface Episode {
  outages: RawOutage[];
  start: Interval;
  end: Interval;
  lengthMs: Interval;
  /** The first acknowledgement of the steady stretch that ended it; null: none did. */
  steadyFromMs: number | null;
}

export function episodesOf(
  outages: readonly RawOutage[],
  acks: Acknowledgements,
  ratePerSecond: number,
): Episode[] {
  const episodes: Episode[] = [];
  let current: RawOutage[] = [];
  for (const [i, outage] of outages.entries()) {
    current.push(outage);
    const steady = isSteady(outage, outages[i + 1], acks, ratePerSecond);
    if (!steady && i < outages.length - 1) continue;
    episodes.push(episodeOf(current, steady));
    current = [];
  }
  return episodes;
}

function isSteady(
  outage: RawOutage,
  next: RawOutage | undefined,
  acks: Acknowledgements,
  ratePerSecond: number,
): boolean {
  const from = outage.firstOkMs;
  if (from === null) return false;
  const until = next === undefined ? (acks.doneMs[acks.count - 1] as number) : (next.lastOkMs ?? from);
  return until - from >= STEADY_MS && isDense(from, acks, ratePerSecond);
}

/** Were enough writes acknowledged in the steady stretch from here? */
export function isDense(fromMs: number, acks: Acknowledgements, ratePerSecond: number): boolean {
  const seen = countUpTo(acks.doneMs, fromMs + STEADY_MS) - countUpTo(acks.doneMs, fromMs);
  return seen >= (STEADY_MS / 1000) * ratePerSecond * STEADY_SHARE;
}

/** Whether anything was asked of the store in it: operations that waited in the client's own queue have seen nothing. */
export const isSeen = ({ failed, unknown }: RawOutage): boolean => failed + unknown > 0;

function episodeOf(outages: RawOutage[], steady: boolean): Episode {
  const first = outages[0] as RawOutage;
  const last = outages[outages.length - 1] as RawOutage;
  const seen = outages.filter(isSeen);
  // The upper bound reaches over all of them, the lower one from the first that was seen to the last.
  const start = { loMs: first.start.loMs, hiMs: (seen[0] ?? first).start.hiMs };
  const end = { loMs: seen.at(-1)?.end.loMs ?? start.loMs, hiMs: last.end.hiMs };
  return {
    outages,
    start,
    end,
    lengthMs: lengthOf(start, end),
    steadyFromMs: steady ? last.firstOkMs : null,
  };
}

/**
 * No write failed after the fault. The service may still have stopped between two operations, for at most the time from the sending of
 * an acknowledged write to the next acknowledgement.
 */
export function unseenOutage(acks: Acknowledgements, sinceMs: number): Interval {
  let hiMs = 0;
  for (let i = Math.max(1, countUpTo(acks.doneMs, sinceMs)); i < acks.count; i++) {
    hiMs = Math.max(hiMs, (acks.doneMs[i] as number) - (acks.provenUpMs[i - 1] as number));
  }
  return { loMs: 0, hiMs };
}
