import type { Verdict } from '../../../../reports/record/verdict.ts';
import { quantileBounds } from '../../../../reports/judge/statistics.ts';
import { sampleOfLoad } from './answers.ts';
import { BLOCK_MS } from '../../../../reports/judge/slo/clustering.ts';
import { deliveryOf } from '../../../../reports/judge/slo/series/delivery.ts';
import type { Load, LoadSecond } from '../../../../reports/judge/slo/load.ts';
import { decideShare } from '../../../../reports/judge/slo/share.ts';

const SECOND_MS = 1000;

export interface ThroughputDecision {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  /** Good answers a second, with one-sided 95 % bounds; null without any. */
  perSecond: number | null;
  lower: number | null;
  upper: number | null;
  /** Requests a second that the schedule offered; null: closed model. */
  offeredPerSecond: number | null;
  /** Why it is inconclusive, or fails although enough was answered in all; empty otherwise. */
  open: string;
}

/**
 * Compares good answers a second with a goal. In an open model the offered rate is known, and only the share answered well is uncertain. So
 * the lower bound is that of the availability (clusters included) times the rate sent. The upper bound is that of the availability, with
 * all drops answered well, times the rate offered. What was sent is counted over the whole load with the wait for the last answers, so that
 * a service that falls behind is not taken for one that keeps up; what was offered, over the time in which anything was. If less than the goal
 * was offered, or only just as much, it is inconclusive: one bad answer would be a miss. In a closed model the median rate of the blocks of time is bounded by order statistics, which takes five
 * blocks.
 * The caller checks that the load was delivered.
 */
export function decideThroughput(result: Load, goalPerSecond: number): ThroughputDecision {
  const { requests, seconds, durationMs } = result;
  const { offered, started, share } = deliveryOf(result);
  if (requests.count === 0 || durationMs <= 0) return nothing('no request was made');
  if (offered === null || share === null || started === 0) return closedModel(seconds, goalPerSecond);
  const planned = (offered * requests.count * SECOND_MS) / started;
  const offeredPerSecond = planned / offeringMs(result);
  const sample = sampleOfLoad(result);
  const { unchecked } = requests;
  // Drops are no part of the rate sent: `share` accounts for them. Unchecked requests may be bad.
  const sent = decideShare(
    { ...sample, count: sample.count + unchecked, failed: sample.failed + unchecked, unknown: 0 },
    ANY,
  );
  const bounds = {
    perSecond: ((requests.count - requests.failed - requests.unchecked) * SECOND_MS) / durationMs,
    lower: (sent.lower * planned * share) / durationMs,
    upper: decideShare(sample, ANY).upper * offeredPerSecond,
  };
  if (offeredPerSecond <= goalPerSecond)
    return {
      ...bounds,
      offeredPerSecond,
      verdict: 'inconclusive',
      open: `the load offered only ${shown(offeredPerSecond, goalPerSecond)} requests a second, the goal is ${goalPerSecond}: it must offer more`,
    };
  return { ...bounds, offeredPerSecond, ...sustained(seconds, goalPerSecond, held(bounds, goalPerSecond)) };
}

/** A rate over the whole load is not met by a burst: it fails where less than half of the blocks reach it, and is open where less than three quarters do. */
function sustained(seconds: readonly LoadSecond[], goal: number, whole: Held): Held {
  const from = seconds.findIndex(({ requests }) => requests > 0);
  const until = seconds.findLastIndex(({ offered }) => offered !== null && offered > 0);
  const rates = blockRates(seconds.slice(Math.max(0, from), until + 1));
  // Some of a block's answers may come in the next.
  const reached = rates.filter((rate) => rate >= 0.9 * goal).length;
  if (whole.verdict === 'fail' || reached >= 0.75 * rates.length) return whole;
  const low = `in only ${reached} of ${rates.length} stretches of ${BLOCK_MS / SECOND_MS} s were there about ${goal} good answers a second`;
  return { verdict: reached < 0.5 * rates.length ? 'fail' : 'inconclusive', open: low };
}

/** Only the bounds are used, so any goal will do. */
const ANY = 0.5;

function closedModel(seconds: readonly LoadSecond[], goalPerSecond: number): ThroughputDecision {
  const rates = blockRates(seconds).sort((a, b) => a - b);
  const { value, lower, upper } = quantileBounds(rates, 0.5);
  const bounds = { perSecond: value, lower, upper };
  return { ...bounds, offeredPerSecond: null, ...held(bounds, goalPerSecond) };
}

/** Good answers a second in each whole block of time. */
function blockRates(seconds: readonly LoadSecond[]): number[] {
  const sums = new Map<number, { good: number; seconds: number }>();
  for (const { atMs, good } of seconds) {
    const index = Math.floor(atMs / BLOCK_MS);
    const block = sums.get(index) ?? { good: 0, seconds: 0 };
    sums.set(index, { good: block.good + good, seconds: block.seconds + 1 });
  }
  const whole = BLOCK_MS / SECOND_MS;
  return [...sums.values()].filter((block) => block.seconds >= whole).map(({ good }) => good / whole);
}

type Held = Pick<ThroughputDecision, 'verdict' | 'open'>;

function held({ lower, upper }: { lower: number | null; upper: number | null }, goal: number): Held {
  if (lower !== null && lower >= goal) return { verdict: 'pass', open: '' };
  if (upper !== null && upper < goal) return { verdict: 'fail', open: '' };
  const between =
    lower === null || upper === null
      ? 'the load is too short: a bound of the rate needs five blocks of 10 s'
      : `the rate is between ${shown(lower, goal)} and ${shown(upper, goal)} a second, the goal of ${goal} lies in between`;
  return { verdict: 'inconclusive', open: between };
}

function nothing(open: string): ThroughputDecision {
  return { verdict: 'inconclusive', perSecond: null, lower: null, upper: null, offeredPerSecond: null, open };
}

/** From the first to the last second in which anything was offered, ms; of the whole load where its seconds do not tell. */
function offeringMs({ seconds, durationMs }: Load): number {
  const offering = seconds.filter(({ offered }) => offered !== null && offered > 0);
  const [first, last] = [offering[0], offering.at(-1)];
  if (first === undefined || last === undefined) return durationMs;
  return Math.min(durationMs, last.atMs + SECOND_MS - first.atMs);
}

const MOST_DIGITS = 6;

/** With one digit after the point, or as many as it takes to differ from the goal. */
function shown(value: number, goal: number): number {
  let digits = 1;
  while (digits < MOST_DIGITS && value !== goal && Number(value.toFixed(digits)) === goal) digits += 1;
  return Number(value.toFixed(digits));
}
