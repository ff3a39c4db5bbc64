/** Derives k6's thresholds from an environment's goals. */
import type { Threshold } from './engines/engine.ts';

/** The environment's goals for the requests of a load. Each is optional. */
export interface LoadGoals {
  /** Maximum latency at a percentile: `{ percentile: 95, maxMs: 500 }`. */
  latency?: readonly LatencyGoal[];
  /** The ratio of requests that must succeed, 0 to 1, such as 0.999. */
  availabilityRatio?: number;
  /** Minimum of requests per second, averaged over the whole load. */
  minRequestsPerSecond?: number;
}

export interface LatencyGoal {
  /** Above 0, at most 100. */
  percentile: number;
  maxMs: number;
  /** Only requests with these tags, such as `{ name: 'read' }`; default: requests with an expected response. */
  tags?: Readonly<Record<string, string>>;
}

export interface ThresholdOptions {
  /** Ends the load early if at least this ratio of requests has failed: the target is broken. Default: the load runs to its end. */
  abort?: { failedRatio: number; afterMs: number };
}

type Thresholds = Partial<Record<string, Threshold[]>>;

/** Decimal digits, without an exponent or rounding errors: 1 − 0.999 gives 0.001, not 0.0010000000000000009. */
const exact = (value: number): string => value.toFixed(12).replace(/\.?0+$/, '');

function check(what: string, value: number, [above, most]: readonly [number, number]): void {
  if (!(value > above && value <= most))
    throw new RangeError(`${what} is ${value}: expected more than ${above} and at most ${most}`);
}

/**
 * The metric of a latency goal. Failed requests are left out by default: they are often quick and would hide slow answers. The
 * availability goal counts them.
 */
function metricOf(tags: Readonly<Record<string, string>> = { expected_response: 'true' }): string {
  const parts = Object.entries(tags).map(([name, value]) => {
    // k6 splits at these characters, and they cannot be quoted.
    if (/[{},]/.test(name + value) || name.includes(':') || value === '')
      throw new RangeError(
        `tag ${name}:${value}: a tag in a threshold must not be empty or contain "{", "}" or ","`,
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
 * Thresholds by metric, in k6's syntax: a p95 of at most 500 ms becomes `http_req_duration{expected_response:true}: p(95)<500`, an
 * availability of 99.9 % `http_req_failed: rate<0.001`. They judge only this load; the judge decides whether the sample is large enough.
 * @throws RangeError for a goal that no load can meet or miss, with its value
 */
export function thresholdsOf(goals: LoadGoals, options: ThresholdOptions = {}): Record<string, Threshold[]> {
  const thresholds: Thresholds = {};
  for (const goal of goals.latency ?? []) addLatency(thresholds, goal);
  if (goals.availabilityRatio !== undefined) {
    check('the availability goal (ratio)', goals.availabilityRatio, [0, 1]);
    // For a goal of 100 %, `rate<0` could never hold; `rate==0` means no failures.
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
