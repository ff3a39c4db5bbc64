/**
 * Scheduled iterations that were never started, or were cut off. They are neither slow nor failed: an engine drops iterations when all its
 * virtual users are busy, and the cause may be the service or the engine. So a goal is checked twice: with all of them answered at once and
 * well, and with none of them answered (share.ts, latency.ts).
 */
import { deliveryOf } from './delivery.ts';
import { sumOf } from '../../count.ts';
import type { Load } from '../load.ts';

interface Drops {
  /** Requests not sent or not waited for, estimated from the requests per iteration of those sent. */
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
  // Drops that no second reports are added to the last one, so that the sums agree.
  if (bySecond.length > 0) bySecond[bySecond.length - 1] = (bySecond.at(-1) ?? 0) + count - timed;
  return { count, bySecond };
}
