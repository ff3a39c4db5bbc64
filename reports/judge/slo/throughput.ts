import type { LoadResult, LoadSecond } from '../../record/load-result.ts';
import type { Verdict } from '../../record/verdict.ts';
import { quantileBounds } from '../statistics.ts';
import { decideAvailability } from './availability.ts';
import { BLOCK_MS } from './clustering.ts';
import type { Tally } from './clustering.ts';

const SECOND_MS = 1000;

/** What the schedule asked for, and what was begun of it. */
export interface Delivery {
  /** Iterations that the schedule asked for; null: a closed model asks for none. */
  offered: number | null;
  started: number;
  dropped: number;
  /** started / offered; null in a closed model. */
  share: number | null;
}

/** How much of the load was delivered: by the seconds where there are any, else by the sums of the scenarios. */
export function deliveryOf({ seconds, scenarios }: LoadResult): Delivery {
  // Seconds that are counted elsewhere know of no schedule, and their scenarios do.
  const bySecond = seconds.some(({ offered }) => offered !== null);
  const counted = seconds.length > 0 && (bySecond || scenarios.every(({ offered }) => offered === null));
  const parts: readonly { offered: number | null; dropped: number }[] = counted ? seconds : scenarios;
  const open = parts.filter(({ offered }) => offered !== null);
  const offered = open.reduce((sum, part) => sum + (part.offered ?? 0), 0);
  const dropped = parts.reduce((sum, part) => sum + part.dropped, 0);
  const begun = seconds.reduce((sum, second) => sum + second.started, 0);
  const started = counted ? begun : Math.max(0, offered - dropped);
  if (open.length === 0 || offered === 0) return { offered: null, started, dropped, share: null };
  return { offered, started, dropped, share: Math.min(1, started / offered) };
}

/** Requests that ended, by the second. */
export function talliesOf(seconds: readonly LoadSecond[]): Tally[] {
  return seconds.map(({ atMs, requests, failed }) => ({ atMs, count: requests, failed }));
}

export interface ThroughputDecision {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  /** Good answers a second, with one-sided 95 % bounds; null without any. */
  perSecond: number | null;
  lower: number | null;
  upper: number | null;
  /** Requests a second that the schedule came to; null: closed model. */
  offeredPerSecond: number | null;
  /** Why it is open; empty when it is decided. */
  open: string;
}

/**
 * Holds good answers a second against a goal. In an open model the rate that was offered is known, and what is uncertain is which share of
 * it is answered well: so the bounds are those of the availability (clusters included), times the rate offered. Nothing is said of rates
 * that nobody asked for: less offered than the goal is open. In a closed model the middle rate of the blocks of time is bounded by order
 * statistics, which takes five of them.
 * The caller sees to it that the load was delivered.
 */
export function decideThroughput(result: LoadResult, goalPerSecond: number): ThroughputDecision {
  const { requests, seconds, durationMs } = result;
  const delivery = deliveryOf(result);
  if (requests.count === 0 || durationMs <= 0) return nothing('no request was made');
  if (delivery.offered === null || delivery.started === 0) return closedModel(seconds, goalPerSecond);
  const perIteration = requests.count / delivery.started;
  const offeredPerSecond = (delivery.offered * perIteration * SECOND_MS) / durationMs;
  const { lower, upper } = decideAvailability({ ...requests, tallies: talliesOf(seconds) }, 0.5);
  const perSecond = ((requests.count - requests.failed) * SECOND_MS) / durationMs;
  const bounds = { perSecond, lower: lower * offeredPerSecond, upper: upper * offeredPerSecond };
  if (offeredPerSecond < goalPerSecond)
    return {
      ...bounds,
      offeredPerSecond,
      verdict: 'inconclusive',
      open: `the load asked for ${rounded(offeredPerSecond)} requests a second only, the goal is ${goalPerSecond}`,
    };
  return { ...bounds, offeredPerSecond, ...held(bounds, goalPerSecond) };
}

function closedModel(seconds: readonly LoadSecond[], goalPerSecond: number): ThroughputDecision {
  const rates = blockRates(seconds).sort((a, b) => a - b);
  const { value, lower, upper } = quantileBounds(rates, 0.5);
  const bounds = { perSecond: value, lower, upper };
  return { ...bounds, offeredPerSecond: null, ...held(bounds, goalPerSecond) };
}

/** Good answers a second in each whole block of time. */
function blockRates(seconds: readonly LoadSecond[]): number[] {
  const sums = new Map<number, { good: number; seconds: number }>();
  for (const { atMs, requests, failed } of seconds) {
    const index = Math.floor(atMs / BLOCK_MS);
    const block = sums.get(index) ?? { good: 0, seconds: 0 };
    sums.set(index, { good: block.good + requests - failed, seconds: block.seconds + 1 });
  }
  const whole = BLOCK_MS / SECOND_MS;
  return [...sums.values()].filter((block) => block.seconds >= whole).map(({ good }) => good / whole);
}

function held(
  { lower, upper }: { lower: number | null; upper: number | null },
  goal: number,
): Pick<ThroughputDecision, 'verdict' | 'open'> {
  if (lower !== null && lower >= goal) return { verdict: 'pass', open: '' };
  if (upper !== null && upper < goal) return { verdict: 'fail', open: '' };
  const between =
    lower === null || upper === null
      ? 'five blocks of 10 s are needed to bound a rate'
      : `the rate lies between ${rounded(lower)} and ${rounded(upper)} a second, the goal of ${goal} in between`;
  return { verdict: 'inconclusive', open: between };
}

function nothing(open: string): ThroughputDecision {
  return { verdict: 'inconclusive', perSecond: null, lower: null, upper: null, offeredPerSecond: null, open };
}

const rounded = (value: number): number => Number(value.toFixed(1));
