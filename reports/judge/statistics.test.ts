import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
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

/** P(X ≤ k) by adding up the terms, by their logarithms: slow, and independent of the beta function. */
function binomialSum(k: number, n: number, p: number): number {
  let term = n * Math.log1p(-p);
  let sum = Math.exp(term);
  for (let i = 1; i <= k; i += 1) {
    term += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(term);
  }
  return sum;
}
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const RUNS = { seed: 1, numRuns: 200 };
/** Successes, and samples of which they are. */
const counts = fc
  .tuple(fc.nat(400), fc.nat(400))
  .map(([k, more]): [number, number] => [k, k + more])
  .filter(([, n]) => n > 0);

describe('proportionBounds', () => {
  it('should satisfy the definition of Clopper and Pearson at both ends', () => {
    fc.assert(
      fc.property(counts, ([k, n]) => {
        const { lower, upper } = proportionBounds(k, n);
        if (k > 0) near(1 - binomialSum(k - 1, n, lower), 0.05, 1e-7);
        else assert.equal(lower, 0);
        if (k < n) near(binomialSum(k, n, upper), 0.05, 1e-7);
        else assert.equal(upper, 1);
        if (k === n) near(lower, 0.05 ** (1 / n)); // the closed form where nothing failed
      }),
      RUNS,
    );
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

it('should know the smallest samples that can support a claim, and bound the share of losing trials after none lost', () => {
  assert.deepEqual([0.999, 0.99, 0.95, 1].map(minimumSamples), [2995, 299, 59, null]);
  for (const trials of [1, 10, 59, 100]) near((1 - zeroLossBound(trials)) ** trials, 0.05);
  assert.equal(zeroLossBound(0), 1);
});

describe('decideProportion', () => {
  it('should pass 99.9 % with 2,995 samples without failure and not with one fewer', () => {
    assert.equal(decideProportion(2995, 2995, 0.999).verdict, 'pass');
    const open = decideProportion(2994, 2994, 0.999);
    assert.deepEqual([open.verdict, open.samplesToDecide], ['inconclusive', 2995]);
  });

  it('should pass and fail only where the unfavourable bound does, and name the fewest samples that would, also of a fraction of one', () => {
    const fraction = fc.tuple(
      fc.double({ min: 1, max: 400, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    const given = fc.oneof(
      counts,
      fraction.map(([n, ratio]): [number, number] => [n * ratio, n]),
    );
    fc.assert(
      fc.property(given, fc.double({ min: 0.5, max: 0.999, noNaN: true }), ([k, n], goal) => {
        const { verdict, lower, upper, samplesToDecide } = decideProportion(k, n, goal);
        assert.equal(verdict, lower >= goal ? 'pass' : upper < goal ? 'fail' : 'inconclusive');
        if (verdict !== 'inconclusive') assert.equal(samplesToDecide, null);
        if (samplesToDecide === null) return;
        assert.ok(Number.isInteger(samplesToDecide) && samplesToDecide >= n);
        const at = (count: number) => decideProportion((k / n) * count, count, goal).verdict;
        assert.notEqual(at(samplesToDecide), 'inconclusive');
        if (samplesToDecide - 1 > n) assert.equal(at(samplesToDecide - 1), 'inconclusive');
      }),
      RUNS,
    );
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
  it('should be bounded by the nearest ranks that the binomial distribution gives, and by none where the sample is too small', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.double({ min: 0.3, max: 0.99, noNaN: true }),
        (n, quantile) => {
          const { lower, upper, value } = quantileBounds(range(n), quantile);
          assert.equal(value, Math.max(1, Math.ceil(quantile * n)));
          const below = (rank: number): number => (rank > n ? 1 : binomialSum(rank - 1, n, quantile));
          const first = range(n).find((rank) => below(rank) >= 0.95 - 1e-9) ?? null;
          assert.equal(upper, first);
          const last = range(n).findLast((rank) => below(rank) <= 0.05 + 1e-9) ?? null;
          assert.equal(lower, last);
          for (const goal of [1, n / 2, n]) {
            const decided = decideQuantile(range(n), quantile, goal);
            const isMet = upper !== null && upper <= goal;
            const isMissed = lower !== null && lower > goal;
            assert.equal(decided.verdict, isMet ? 'pass' : isMissed ? 'fail' : 'inconclusive');
            const needed = minimumSamples(quantile) ?? 0;
            assert.equal(decided.samplesNeeded, n < needed ? needed : null);
          }
        },
      ),
      RUNS,
    );
    assert.equal(decideQuantile([], 0.99, 500).verdict, 'inconclusive');
  });

  it('should find the median without touching its input', () => {
    const values = [3, 1, 2, 10];
    assert.equal(median(values), 2.5);
    assert.deepEqual(values, [3, 1, 2, 10]);
    assert.equal(median([]), null);
  });
});
