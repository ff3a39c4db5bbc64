/**
 * Claims no stronger than the sample. All bounds are one-sided at 95 %: a goal is met when even the unfavourable bound
 * reaches it, missed when even the favourable bound does not, and open in between.
 */
import type { Verdict } from '../record/verdict.ts';

/** Probability that a one-sided bound is wrong. */
export const ALPHA = 0.05;

/**
 * Logarithm of the gamma function, for x > 0; relative error below 1e-13.
 * Source: Stirling's series with Bernoulli terms (Abramowitz and Stegun 6.1.41), shifted to x ≥ 10 first.
 */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 10) {
    shift += Math.log(at);
    at += 1;
  }
  const inverse = 1 / (at * at);
  const series =
    (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse * (1 / 1188))))) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** Continued fraction of the incomplete beta function (DLMF 8.17.22), by the modified Lentz method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  // Needs about the square root of max(a, b) rounds; the limit covers samples of 10^9.
  for (let m = 1; m < 200_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return result;
}

/** The regularised incomplete beta function I_x(a, b): P(X ≤ x) of a Beta(a, b) variable; a, b > 0. */
function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** The x with P(X ≤ x) = p, by bisection to the last bit that matters. */
function betaQuantile(p: number, a: number, b: number): number {
  let lo = 0;
  let hi = 1;
  for (let round = 0; round < 100 && hi - lo > 1e-15; round += 1) {
    const middle = (lo + hi) / 2;
    if (betaCdf(middle, a, b) < p) lo = middle;
    else hi = middle;
  }
  return (lo + hi) / 2;
}

/** P(at most `k` of `n` succeed), each with probability `p`. */
function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return 1 - betaCdf(p, k + 1, n - k);
}

/**
 * Clopper–Pearson: one-sided 95 % lower and upper bounds of a proportion after `successes` of `samples`. The two are
 * separate statements; together they are a 90 % interval.
 * @throws RangeError when it is not 0 ≤ successes ≤ samples
 */
export function proportionBounds(successes: number, samples: number): { lower: number; upper: number } {
  if (!(successes >= 0 && successes <= samples)) {
    throw new RangeError(`expected 0 ≤ successes ≤ samples, seen ${successes} of ${samples}`);
  }
  const failures = samples - successes;
  return {
    lower: successes === 0 ? 0 : betaQuantile(ALPHA, successes, failures + 1),
    upper: failures === 0 ? 1 : betaQuantile(1 - ALPHA, successes + 1, failures),
  };
}

/**
 * Fewest samples, all of them good, that support a goal ratio or a quantile: 2,995 for 0.999, 299 for 0.99, 59 for 0.95.
 * Null for a goal of 1, which no sample supports.
 */
export function minimumSamples(ratio: number): number | null {
  if (ratio <= 0) return 1;
  return ratio >= 1 ? null : Math.ceil(Math.log(ALPHA) / Math.log(ratio));
}

/** Upper bound of the share of trials that lose something, after 0 of `trials` did: 1 − 0.05^(1/n), about 3/n. */
export function zeroLossBound(trials: number): number {
  return trials < 1 ? 1 : 1 - ALPHA ** (1 / trials);
}

export interface ProportionDecision {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  ratio: number | null;
  lower: number;
  upper: number;
  /** Total samples that would decide, if the observed ratio stayed the same; null when decided, or when no number would. */
  samplesToDecide: number | null;
}

/** Largest sample that is ever asked for; beyond it the ratio lies too close to the goal to be told apart. */
const MOST_SAMPLES = 1e9;

/** Compares an observed ratio with a goal ratio. */
export function decideProportion(successes: number, samples: number, goalRatio: number): ProportionDecision {
  const { lower, upper } = samples === 0 ? { lower: 0, upper: 1 } : proportionBounds(successes, samples);
  const verdict = lower >= goalRatio ? 'pass' : upper < goalRatio ? 'fail' : 'inconclusive';
  const ratio = samples === 0 ? null : successes / samples;
  const samplesToDecide = verdict === 'inconclusive' ? samplesFor(ratio ?? 1, samples, goalRatio) : null;
  return { verdict, ratio, lower, upper, samplesToDecide };
}

function samplesFor(ratio: number, samples: number, goalRatio: number): number | null {
  if (ratio === 1) return minimumSamples(goalRatio);
  // With a fixed ratio the bounds close in steadily (successes need not be whole here), so bisection finds the place.
  const decided = (count: number): boolean => {
    const { lower, upper } = proportionBounds(ratio * count, count);
    return lower >= goalRatio || upper < goalRatio;
  };
  // Whole counts, as an effective sample may be a fraction, and the bisection below ends only on whole numbers.
  let lo = Math.max(Math.ceil(samples), 1);
  let hi = lo;
  while (!decided(hi)) {
    lo = hi;
    hi *= 2;
    if (hi > MOST_SAMPLES) return null;
  }
  while (hi - lo > 1) {
    const middle = Math.floor((lo + hi) / 2);
    if (decided(middle)) hi = middle;
    else lo = middle;
  }
  return hi;
}

export interface QuantileBounds {
  /** The sample's own quantile (nearest rank); null without samples. */
  value: number | null;
  /** One-sided 95 % bounds that are themselves samples; null when the sample is too small to have one. */
  lower: number | null;
  upper: number | null;
}

/**
 * Bounds of the `quantile` of what `sorted` (ascending) was drawn from, by order statistics: no assumption about the
 * distribution. The upper bound exists from 299 samples for a p99, from 59 for a p95.
 */
export function quantileBounds(sorted: ArrayLike<number>, quantile: number): QuantileBounds {
  const n = sorted.length;
  if (n === 0) return { value: null, lower: null, upper: null };
  const ranks = quantileRanks(n, quantile);
  return {
    value: sorted[Math.max(1, Math.ceil(quantile * n)) - 1] ?? null,
    lower: ranks.lower === null ? null : (sorted[ranks.lower - 1] ?? null),
    upper: ranks.upper === null ? null : (sorted[ranks.upper - 1] ?? null),
  };
}

/**
 * Ranks (from 1) of the order statistics that bound a quantile of what `n` samples were drawn from, one-sided at 95 %: the upper one
 * lies at or above it in 95 % of all samples, the lower one at or below it. Null where the sample is too small to have one.
 */
export function quantileRanks(n: number, quantile: number): { lower: number | null; upper: number | null } {
  // P(the r-th smallest lies at or above the quantile) = P(at most r − 1 samples fall below it).
  const upper = firstRank(n, (rank) => binomialCdf(rank - 1, n, quantile) >= 1 - ALPHA);
  const lower = firstRank(n, (rank) => binomialCdf(rank - 1, n, quantile) > ALPHA) - 1;
  return { lower: lower >= 1 ? lower : null, upper: upper <= n ? upper : null };
}

/** The smallest rank in 1…n for which a monotone condition holds; n + 1 when there is none. */
function firstRank(n: number, holds: (rank: number) => boolean): number {
  let lo = 1;
  let hi = n + 1;
  while (lo < hi) {
    const middle = Math.floor((lo + hi) / 2);
    if (holds(middle)) hi = middle;
    else lo = middle + 1;
  }
  return lo;
}

export interface QuantileDecision extends QuantileBounds {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  /** Total samples without which not even a faultless run could pass; null when there are that many. */
  samplesNeeded: number | null;
}

/** Compares a quantile of `sorted` (ascending) with a goal in the same unit: at most `goal`. */
export function decideQuantile(sorted: ArrayLike<number>, quantile: number, goal: number): QuantileDecision {
  const bounds = quantileBounds(sorted, quantile);
  const { lower, upper } = bounds;
  const needed = minimumSamples(quantile);
  const verdict =
    upper !== null && upper <= goal ? 'pass' : lower !== null && lower > goal ? 'fail' : 'inconclusive';
  return { ...bounds, verdict, samplesNeeded: needed !== null && sorted.length < needed ? needed : null };
}

/** The middle of a sample, or the mean of the two middles; null without samples. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
