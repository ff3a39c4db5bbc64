/**
 * Iterations that the schedule asked for and that were never begun, or were cut off. They are neither slow nor failed, and nobody knows what
 * would have become of them: an engine drops when all its users wait, and that may be the service's fault or its own. So a goal is held twice,
 * against a load in which all of that was answered at once and well, and against one in which it was not answered (share.ts, latency.ts).
 */
import { deliveryOf } from './delivery.ts';
import { sumOf } from '../load.ts';
import type { Load } from '../load.ts';

interface Drops {
  /** Requests that were not sent, or not waited for: as many an iteration as those that were. */
  count: number;
  /** By the second in which they were due, for each second of the load. */
  bySecond: readonly number[];
}

export function dropsOf(load: Load): Drops {
  const { offered, started, dropped } = deliveryOf(load);
  const { seconds, requests, interrupted } = load;
  const each = started === 0 ? 1 : Math.max(1, Math.round(requests.count / started));
  const bySecond = seconds.map((second) => second.dropped * each);
  const timed = sumOf(bySecond, (one) => one);
  const never = Math.max(timed, dropped * each, Math.floor((offered ?? 0) - started) * each);
  const count = never + interrupted * each;
  // What no second tells of is put into the last one, so that the times add up.
  if (bySecond.length > 0) bySecond[bySecond.length - 1] = (bySecond.at(-1) ?? 0) + count - timed;
  return { count, bySecond };
}
