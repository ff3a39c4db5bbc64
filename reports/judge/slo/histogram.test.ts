import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideQuantile, quantileBounds } from '../statistics.ts';
import {
  countAbove,
  countOf,
  decideHistogram,
  histogramBounds,
  merged,
  quantileMs,
  quantilesMs,
} from './histogram.ts';
import { bucketsOf, seeded } from './_testing/histories.ts';

/** Values with a long tail, ms. */
function sample(seed: number, size: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: size }, () => 5 + 40 * -Math.log(1 - random()));
}
/** The quantile of what `sample` draws from. */
const truth = (quantile: number): number => 5 + 40 * -Math.log(1 - quantile);

describe('histogramBounds', () => {
  it('should agree with the samples themselves to a bucket, and never claim more than they do', () => {
    for (const size of [60, 299, 1000, 20_000]) {
      const values = sample(size, size).sort((a, b) => a - b);
      for (const quantile of [0.5, 0.95, 0.99]) {
        const exact = quantileBounds(values, quantile);
        const found = histogramBounds(bucketsOf(values), quantile);
        assert.equal(found.samples, size);
        for (const [bound, of] of [
          [found.lowerMs, exact.lower],
          [found.upperMs, exact.upper],
        ] as const) {
          assert.equal(bound === null, of === null);
          if (bound !== null && of !== null) assert.ok(Math.abs(bound - of) <= of * 0.0015 + 0.001);
        }
        if (found.lowerMs !== null) assert.ok(found.lowerMs <= (exact.lower ?? 0) + 0.001);
        if (found.upperMs !== null) assert.ok(found.upperMs >= (exact.upper ?? 0) - 0.001);
      }
    }
  });

  it('should hold at 95 % on either side', () => {
    const rounds = 400;
    let above = 0;
    let below = 0;
    for (let seed = 1; seed <= rounds; seed += 1) {
      const { lowerMs, upperMs } = histogramBounds(bucketsOf(sample(seed, 400)), 0.95);
      if ((upperMs ?? Infinity) < truth(0.95)) above += 1;
      if ((lowerMs ?? 0) > truth(0.95)) below += 1;
    }
    // 5 % of 400 are 20; three standard deviations above that are 33.
    assert.ok(above <= 33 && below <= 33, `${above} and ${below} of ${rounds} bounds are wrong`);
  });

  it('should have no bound where the sample is too small', () => {
    const small = histogramBounds(bucketsOf(sample(1, 58)), 0.95);
    assert.equal(small.upperMs, null);
    assert.notEqual(histogramBounds(bucketsOf(sample(1, 59)), 0.95).upperMs, null);
    assert.deepEqual(histogramBounds([], 0.95), { samples: 0, valueMs: null, lowerMs: null, upperMs: null });
  });
});

describe('decideHistogram', () => {
  it('should decide as the samples would', () => {
    const values = sample(7, 5000).sort((a, b) => a - b);
    for (const goal of [50, truth(0.95) - 1, truth(0.95), truth(0.95) + 20])
      assert.equal(
        decideHistogram(bucketsOf(values), 0.95, goal).verdict,
        decideQuantile(values, 0.95, goal).verdict,
        String(goal),
      );
  });

  it('should say how many samples are needed', () => {
    const few = decideHistogram(bucketsOf(sample(1, 100)), 0.99, 1000);
    assert.deepEqual([few.verdict, few.samplesNeeded], ['inconclusive', 299]);
  });
});

it('should merge, count and find quantiles', () => {
  const both = merged([bucketsOf([1, 2, 3]), bucketsOf([2, 4])]);
  assert.deepEqual([countOf(both), countAbove(both, 2.5), countAbove(both, 4.01)], [5, 2, 0]);
  // A value on the goal may lie above it within its bucket: it counts as above.
  assert.equal(countAbove(both, 4), 1);
  assert.ok(Math.abs((quantileMs(both, 0.5) ?? 0) - 2) < 0.003);
  assert.equal(quantileMs([], 0.5), null);
});

it('should find several quantiles as it finds each', () => {
  const quantiles = Array.from({ length: 100 }, (_, index) => (index + 1) / 100);
  for (const buckets of [[], bucketsOf([7]), bucketsOf(sample(3, 1000)), bucketsOf(sample(4, 37))])
    assert.deepEqual(
      quantilesMs(buckets, quantiles),
      quantiles.map((quantile) => quantileMs(buckets, quantile)),
    );
});
