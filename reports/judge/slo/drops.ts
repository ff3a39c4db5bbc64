/**
 * Iterations that the schedule asked for and that were never begun, or were cut off. They are neither slow nor failed, and nobody knows what
 * would have become of them: an engine drops when all its users wait, and that may be the service's fault or its own. So a goal is held twice,
 * against a load in which all of that was answered at once and well, and against one in which it was not answered (share.ts, latency.ts).
 */
import type { LoadResult } from '../../record/load-result.ts';
import { deliveryOf } from './delivery.ts';

interface Drops {
  /** Requests that were not sent, or not waited for: as many an iteration as those that were. */
  count: number;
  /** By the second in which they were due, for each second of the load. */
  bySecond: readonly number[];
}

export function dropsOf(result: Pick<LoadResult, 'seconds' | 'scenarios' | 'requests'>): Drops {
  const { offered, started, dropped } = deliveryOf(result);
  const { seconds, requests, scenarios } = result;
  const each = started === 0 ? 1 : Math.max(1, Math.round(requests.count / started));
  const interrupted = scenarios.reduce((sum, one) => sum + one.interrupted, 0);
  const bySecond = seconds.map((second) => second.dropped * each);
  const timed = bySecond.reduce((sum, one) => sum + one, 0);
  const count =
    Math.max(timed, dropped * each, Math.floor((offered ?? 0) - started) * each) + interrupted * each;
  // What no second tells of is put into the last one, so that the times add up.
  if (bySecond.length > 0) bySecond[bySecond.length - 1] = (bySecond.at(-1) ?? 0) + count - timed;
  return { count, bySecond };
}
