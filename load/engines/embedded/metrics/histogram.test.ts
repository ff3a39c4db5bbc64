import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bucketOf, Distribution, Histogram, lowestOf } from './histogram.ts';

describe('a histogram', () => {
  it('should have buckets of at most 0.1 % width', () => {
    for (const value of [0.001, 0.5, 1, 1.001, 17, 999.9, 60_000, 1e9, -3, -0.25]) {
      const bucket = bucketOf(value);
      const low = lowestOf(bucket);
      assert.ok(
        Math.abs(low) <= Math.abs(value) && Math.abs(value) <= Math.abs(low) * 1.001,
        `${value} in ${low}`,
      );
    }
    assert.equal(lowestOf(bucketOf(0)), 0);
  });

  it('should give quantiles between ranks, as k6 does', () => {
    const histogram = new Histogram();
    for (let value = 1; value <= 1000; value++) histogram.add(value);
    const distribution = new Distribution();
    distribution.merge(histogram.take());
    for (const share of [0.01, 0.5, 0.9, 0.99, 0.999]) {
      const exact = 1 + share * 999;
      assert.ok(Math.abs((distribution.quantile(share) ?? 0) / exact - 1) < 0.002, `p(${share * 100})`);
    }
    assert.deepEqual([distribution.quantile(0), distribution.quantile(1)], [1, 1000]);
    assert.equal(distribution.sum, 500_500);
    assert.equal(histogram.count, 0);
  });

  it('should add parts up to what one histogram would hold', () => {
    const parts = [new Histogram(), new Histogram()];
    const whole = new Histogram();
    for (let n = 0; n < 5000; n++) {
      const value = Math.exp((n % 97) / 7) - 2;
      parts[n % 2]?.add(value);
      whole.add(value);
    }
    const merged = new Distribution();
    const alone = new Distribution();
    for (const part of parts) merged.merge(part.take());
    alone.merge(whole.take());
    assert.deepEqual(merged.buckets(), alone.buckets());
    assert.deepEqual([merged.count, merged.min, merged.max], [5000, alone.min, alone.max]);
  });

  it('should know nothing without values', () => assert.equal(new Distribution().quantile(0.5), null));
});
