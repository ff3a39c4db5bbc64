/**
 * Iterations that the schedule asked for and that were never begun. They are neither slow nor failed, and nobody knows what would have become
 * of them: an engine drops when all its users wait, and that may be the service's fault or its own. So a goal is held twice, against a load in
 * which all that was dropped was answered at once and well, and against one in which it was not answered. It is met only if the second meets
 * it, and missed only if the first misses it.
 */
import type { Buckets, LoadResult, LoadSecond } from '../../record/load-result.ts';
import { decideAvailability } from './availability.ts';
import type { AvailabilityDecision } from './availability.ts';
import type { Tally } from './clustering.ts';
import { deliveryOf, talliesOf } from './delivery.ts';
import { decideLatency } from './latency.ts';
import type { LatencyDecision } from './latency.ts';

interface Drops {
  /** Requests that were not sent, as many an iteration as those that were. */
  count: number;
  /** By the second in which they were due, for each second of the load. */
  bySecond: readonly number[];
}

export function dropsOf(result: LoadResult): Drops {
  const { offered, started, dropped } = deliveryOf(result);
  const { seconds, requests } = result;
  const each = started === 0 ? 1 : Math.max(1, Math.round(requests.count / started));
  const bySecond = seconds.map((second) => second.dropped * each);
  const timed = bySecond.reduce((sum, one) => sum + one, 0);
  const count = Math.max(timed, dropped * each, Math.floor((offered ?? 0) - started) * each);
  // What no second tells of is put into the last one, so that the times add up.
  if (bySecond.length > 0) bySecond[bySecond.length - 1] = (bySecond.at(-1) ?? 0) + count - timed;
  return { count, bySecond };
}

/** What is decided if what was dropped was good, and if it was bad. */
interface BothWays<T> {
  best: T;
  worst: T;
}

type Verdict = AvailabilityDecision['verdict'];

function verdictOf({ best, worst }: BothWays<{ verdict: Verdict }>): Verdict {
  if (worst.verdict === 'pass') return 'pass';
  return best.verdict === 'fail' ? 'fail' : 'inconclusive';
}

/** More of the same would decide only what both ways leave open. */
function samplesFor({ best, worst }: BothWays<{ samplesToDecide: number | null }>): number | null {
  if (best.samplesToDecide === null || worst.samplesToDecide === null) return null;
  return Math.max(best.samplesToDecide, worst.samplesToDecide);
}

export interface WithDrops {
  /** Requests that were dropped. */
  dropped: number;
}

/** The share of good answers: of what was sent, with bounds that hold whatever would have become of the rest. */
export function availabilityWithDrops(
  result: LoadResult,
  goalRatio: number,
): AvailabilityDecision & WithDrops {
  const { count, failed } = result.requests;
  const tallies = talliesOf(result.seconds);
  const sent = decideAvailability({ count, failed, tallies }, goalRatio);
  const drops = dropsOf(result);
  if (drops.count === 0) return { ...sent, dropped: 0 };
  const held = (bad: boolean): AvailabilityDecision =>
    decideAvailability(
      {
        count: count + drops.count,
        failed: bad ? failed + drops.count : failed,
        tallies: tallies.map((tally, index) => withUnsent(tally, drops.bySecond[index] ?? 0, bad)),
      },
      goalRatio,
    );
  const ways = { best: held(false), worst: held(true) };
  return {
    ...sent,
    ...{ verdict: verdictOf(ways), samplesToDecide: samplesFor(ways), dropped: drops.count },
    ...{ lower: ways.worst.lower, upper: ways.best.upper },
  };
}

function withUnsent({ atMs, count, failed }: Tally, unsent: number, bad: boolean): Tally {
  return { atMs, count: count + unsent, failed: bad ? failed + unsent : failed };
}

/** A quantile of latency: of what was sent, with bounds that hold whatever would have become of the rest. */
export function latencyWithDrops(
  result: LoadResult,
  buckets: Buckets,
  goal: { quantile: number; ms: number },
): LatencyDecision & WithDrops {
  const { seconds } = result;
  const sent = decideLatency(buckets, seconds, goal);
  const drops = dropsOf(result);
  if (drops.count === 0) return { ...sent, dropped: 0 };
  const held = (us: number): LatencyDecision =>
    decideLatency(
      withValue(buckets, us, drops.count),
      seconds.map((second, index) => slowed(second, us, drops.bySecond[index] ?? 0)),
      goal,
    );
  const ways = { best: held(0), worst: held(Infinity) };
  const upperMs = ways.worst.byRank.upperMs ?? Infinity;
  return {
    ...sent,
    ...{ verdict: verdictOf(ways), samplesToDecide: samplesFor(ways), dropped: drops.count },
    byRank: {
      ...sent.byRank,
      lowerMs: ways.best.byRank.lowerMs,
      upperMs: Number.isFinite(upperMs) ? upperMs : null,
    },
  };
}

function slowed(second: LoadSecond, us: number, count: number): LoadSecond {
  return count === 0 ? second : { ...second, latency: withValue(second.latency, us, count) };
}

/** With as many more values as are faster, or slower, than all others. */
function withValue(buckets: Buckets, us: number, count: number): Buckets {
  const more: Buckets[number] = [us, count];
  return us === 0 ? [more, ...buckets] : [...buckets, more];
}
