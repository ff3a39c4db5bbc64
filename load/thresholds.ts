/** k6's thresholds out of an environment's goals. */
import type { Threshold } from './engines/engine.ts';

/** What the environment promises of the requests of a load. Every part may be absent. */
export interface LoadGoals {
  /** No more than this for a share of the requests: `{ percentile: 95, maxMs: 500 }`. */
  latency?: readonly LatencyGoal[];
  /** The share of requests that must succeed, 0 to 1: 0.999. */
  availabilityRatio?: number;
  /** Requests a second that must be reached over the whole load. */
  minRequestsPerSecond?: number;
}

export interface LatencyGoal {
  /** Above 0, at most 100. */
  percentile: number;
  maxMs: number;
  /** Of requests with these tags only: `{ name: 'read' }`; default: of those that were answered as expected. */
  tags?: Readonly<Record<string, string>>;
}

export interface ThresholdOptions {
  /** Ends the load when a goal is missed by this much: a broken target is not loaded to the end. Default: it runs on. */
  abort?: { failedRatio: number; afterMs: number };
}

type Thresholds = Partial<Record<string, Threshold[]>>;

/** Digits without an exponent, and without the rest of binary fractions: 1 − 0.999 is 0.001, not 0.0010000000000000009. */
const exact = (value: number): string => value.toFixed(12).replace(/\.?0+$/, '');

function check(what: string, value: number, [above, most]: readonly [number, number]): void {
  if (!(value > above && value <= most))
    throw new RangeError(`${what} is ${value}: expected more than ${above} and at most ${most}`);
}

/**
 * The metric of a latency goal. Failed requests are often quick; they are the business of the availability goal and would hide slow
 * answers here.
 */
function metricOf(tags: Readonly<Record<string, string>> = { expected_response: 'true' }): string {
  const parts = Object.entries(tags).map(([name, value]) => {
    // k6 splits at these, and has no way to quote them.
    if (/[{},]/.test(name + value) || name.includes(':') || value === '')
      throw new RangeError(
        `tag ${name}:${value}: a threshold can name no tag that is empty or holds "{", "}" or ","`,
      );
    return `${name}:${value}`;
  });
  return parts.length === 0 ? 'http_req_duration' : `http_req_duration{${parts.sort().join(',')}}`;
}

function addLatency(thresholds: Thresholds, { percentile, maxMs, tags }: LatencyGoal): void {
  check('the percentile of a latency goal', percentile, [0, 100]);
  check('a latency goal (ms)', maxMs, [0, Number.MAX_SAFE_INTEGER]);
  const expression = `p(${exact(percentile)})<${exact(maxMs)}`;
  const list = (thresholds[metricOf(tags)] ??= []);
  if (!list.includes(expression)) list.push(expression);
}

function abortThreshold({ failedRatio, afterMs }: NonNullable<ThresholdOptions['abort']>): Threshold {
  check('the share of failures that ends a load', failedRatio, [0, 1]);
  return {
    threshold: `rate<${exact(failedRatio)}`,
    abortOnFail: true,
    delayAbortEval: `${Math.round(afterMs)}ms`,
  };
}

/**
 * Thresholds by metric, in k6's own words: a p95 of at most 500 ms becomes `http_req_duration{expected_response:true}: p(95)<500`, an
 * availability of 99.9 % `http_req_failed: rate<0.001`. They describe this load; whether the sample is large enough to claim the goal is
 * for the judge to say.
 * @throws RangeError for a goal that no load can meet or miss, with its value
 */
export function thresholdsOf(goals: LoadGoals, options: ThresholdOptions = {}): Record<string, Threshold[]> {
  const thresholds: Thresholds = {};
  for (const goal of goals.latency ?? []) addLatency(thresholds, goal);
  if (goals.availabilityRatio !== undefined) {
    check('the availability goal (ratio)', goals.availabilityRatio, [0, 1]);
    // "Fewer than 0 failures" cannot be: a goal of 100 % is met without any.
    const ratio = 1 - goals.availabilityRatio;
    thresholds.http_req_failed = [ratio === 0 ? 'rate==0' : `rate<${exact(ratio)}`];
  }
  if (goals.minRequestsPerSecond !== undefined) {
    check('the throughput goal (requests a second)', goals.minRequestsPerSecond, [
      0,
      Number.MAX_SAFE_INTEGER,
    ]);
    thresholds.http_reqs = [`rate>=${exact(goals.minRequestsPerSecond)}`];
  }
  if (options.abort !== undefined) (thresholds.http_req_failed ??= []).push(abortThreshold(options.abort));
  return thresholds as Record<string, Threshold[]>;
}
