import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  betaCdf,
  decideProportion,
  decideQuantile,
  median,
  minimumSamples,
  proportionBounds,
  quantileBounds,
  zeroLossBound,
} from './statistics.ts';

const near = (actual: number, expected: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);

/** P(X ≤ k) by adding up the terms: slow, and independent of the beta function. */
function binomialSum(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let sum = term;
  for (let i = 1; i <= k; i += 1) {
    term *= ((n - i + 1) / i) * (p / (1 - p));
    sum += term;
  }
  return sum;
}
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('proportionBounds', () => {
  it('should satisfy the definition of Clopper and Pearson at both ends', () => {
    for (const [k, n] of [
      [1, 10],
      [5, 10],
      [9, 10],
      [1, 1],
      [0, 3],
      [38, 40],
      [29, 30],
    ] as const) {
      const { lower, upper } = proportionBounds(k, n);
      if (k > 0) near(1 - binomialSum(k - 1, n, lower), 0.05, 1e-8);
      else assert.equal(lower, 0);
      if (k < n) near(binomialSum(k, n, upper), 0.05, 1e-8);
      else assert.equal(upper, 1);
    }
  });

  it('should have the closed form when nothing failed', () => {
    for (const n of [1, 10, 59, 2995, 1_000_000]) near(proportionBounds(n, n).lower, 0.05 ** (1 / n));
  });

  it('should stay exact for large samples, where the normal approximation is good', () => {
    const { lower, upper } = proportionBounds(999_000, 1_000_000);
    near(lower, 0.999 - 1.645 * Math.sqrt((0.999 * 0.001) / 1e6), 3e-6);
    near(upper, 0.999 + 1.645 * Math.sqrt((0.999 * 0.001) / 1e6), 3e-6);
  });

  it('should refuse counts that cannot be', () => {
    assert.throws(() => proportionBounds(3, 2), RangeError);
    assert.throws(() => proportionBounds(Number.NaN, 2), RangeError);
  });
});

it('should compute the beta distribution', () => {
  near(betaCdf(0.3, 1, 1), 0.3);
  near(betaCdf(0.5, 7.5, 7.5), 0.5);
  near(betaCdf(0.2, 2, 3), 0.1808);
  near(betaCdf(0.999, 2995, 1), 0.999 ** 2995);
});

it('should know the smallest samples that can support a claim', () => {
  assert.equal(minimumSamples(0.999), 2995);
  assert.equal(minimumSamples(0.99), 299);
  assert.equal(minimumSamples(0.95), 59);
  assert.equal(minimumSamples(1), null);
});

it('should bound the share of losing trials after none lost', () => {
  near(zeroLossBound(1), 0.95);
  near(zeroLossBound(10), 0.2588656, 1e-7);
  near(zeroLossBound(100), 0.029513, 1e-7);
  near(zeroLossBound(59), 0.05, 1e-3);
  assert.equal(zeroLossBound(0), 1);
});

describe('decideProportion', () => {
  it('should pass 99.9 % with 2,995 samples without failure and not with one fewer', () => {
    assert.equal(decideProportion(2995, 2995, 0.999).verdict, 'pass');
    const open = decideProportion(2994, 2994, 0.999);
    assert.deepEqual([open.verdict, open.samplesToDecide], ['inconclusive', 2995]);
  });

  it('should fail only when the favourable bound misses the goal', () => {
    assert.equal(decideProportion(990, 1000, 0.999).verdict, 'fail');
    assert.equal(decideProportion(998, 1000, 0.999).verdict, 'inconclusive');
  });

  it('should name a number of samples that decides at the observed ratio', () => {
    // Five failures: the upper bound of the failing share is 10.5 in 10,000.
    assert.equal(decideProportion(9995, 10_000, 0.999).verdict, 'inconclusive');
    assert.equal(decideProportion(10_508, 10_513, 0.999).verdict, 'pass');
    for (const [k, n] of [
      [1999, 2000],
      [997, 1000],
    ] as const) {
      const needed = decideProportion(k, n, 0.999).samplesToDecide ?? assert.fail('a number was expected');
      assert.ok(needed > n);
      const twice = decideProportion(Math.round((2 * needed * k) / n), 2 * needed, 0.999);
      assert.equal(twice.verdict, k / n > 0.999 ? 'pass' : 'fail');
      const half = decideProportion(Math.round((needed * k) / n / 2), Math.round(needed / 2), 0.999);
      assert.equal(half.verdict, 'inconclusive');
    }
  });

  it('should come to an end with an effective sample that is no whole number', () => {
    for (let samples = 20; samples < 60; samples += 0.1) {
      const { verdict, samplesToDecide } = decideProportion(samples * 0.93, samples, 0.9);
      assert.equal(verdict, 'inconclusive');
      assert.ok(samplesToDecide === null || Number.isInteger(samplesToDecide));
    }
  });

  it('should say so when no number of samples decides, and be open without samples', () => {
    assert.equal(decideProportion(999, 1000, 0.999).samplesToDecide, null);
    assert.deepEqual(decideProportion(0, 0, 0.95), {
      verdict: 'inconclusive',
      ratio: null,
      lower: 0,
      upper: 1,
      samplesToDecide: 59,
    });
  });
});

describe('quantiles', () => {
  it('should have an upper bound for a p99 from 299 samples on, and a p95 from 59', () => {
    assert.equal(quantileBounds(range(298), 0.99).upper, null);
    assert.equal(quantileBounds(range(299), 0.99).upper, 299);
    assert.equal(quantileBounds(range(58), 0.95).upper, null);
    assert.equal(quantileBounds(range(59), 0.95).upper, 59);
  });

  it('should keep to the ranks that the binomial distribution gives', () => {
    const n = 100;
    const { lower, upper, value } = quantileBounds(range(n), 0.5);
    assert.equal(value, 50);
    assert.ok(
      binomialSum((upper as number) - 1, n, 0.5) >= 0.95 && binomialSum((upper as number) - 2, n, 0.5) < 0.95,
    );
    assert.ok(
      binomialSum((lower as number) - 1, n, 0.5) <= 0.05 && binomialSum(lower as number, n, 0.5) > 0.05,
    );
  });

  it('should pass, fail and stay open', () => {
    assert.equal(decideQuantile(range(299), 0.99, 299).verdict, 'pass');
    assert.equal(decideQuantile(range(1000), 0.95, 900).verdict, 'fail');
    const few = decideQuantile(range(20), 0.99, 500);
    assert.deepEqual([few.verdict, few.samplesNeeded], ['inconclusive', 299]);
    assert.equal(decideQuantile([], 0.99, 500).verdict, 'inconclusive');
    // Three of three above the goal: a p99 below it would make that a matter of one in a million.
    assert.equal(decideQuantile(range(3), 0.99, 0.5).verdict, 'fail');
  });

  it('should find the median without touching its input', () => {
    const values = [3, 1, 2, 10];
    assert.equal(median(values), 2.5);
    assert.deepEqual(values, [3, 1, 2, 10]);
    assert.equal(median([]), null);
  });
});
