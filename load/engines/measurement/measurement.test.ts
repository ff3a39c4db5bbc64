import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quantileMs } from '../../../reports/judge/slo/histogram.ts';
import type { LoadSecond } from '../engine.ts';
import { bucketOf, Histogram } from './histogram.ts';
import { Measurement } from './index.ts';
import { SecondSeries } from './seconds.ts';
import { Tally } from './tally.ts';

describe('a histogram', () => {
  it('should have buckets of at most 0.1 % width, and one for each µs below 2 ms', () => {
    for (const us of [0, 1, 500, 1023, 1024, 2047]) assert.equal(bucketOf(us), us);
    for (const us of [2049, 17_003, 999_999, 60_000_001, 2 ** 31 - 1]) {
      const low = bucketOf(us);
      assert.ok(low <= us && us < low * 1.001, `${us} in ${low}`);
      assert.equal(bucketOf(low), low);
    }
  });

  it('should give quantiles within the width of a bucket, whether packed or not', () => {
    const histogram = new Histogram();
    for (let ms = 1; ms <= 1000; ms++) {
      histogram.add(ms);
      if (ms % 300 === 0) histogram.pack();
    }
    const open = histogram.buckets();
    histogram.pack();
    assert.deepEqual(histogram.buckets(), open);
    for (const quantile of [0.01, 0.5, 0.99])
      assert.ok(Math.abs((quantileMs(open, quantile) ?? 0) / (quantile * 1000) - 1) < 0.002, `${quantile}`);
    assert.deepEqual(new Histogram().buckets(), []);
  });
});

describe('the seconds of a load', () => {
  it('should be told once each, in order, and hold afterwards what came later', () => {
    const told: LoadSecond[] = [];
    const series = new SecondSeries((second) => told.push(second), 0);
    series.add(100, 'started');
    series.latency(150, 20);
    series.reach(999);
    assert.equal(told.length, 0);
    series.reach(3000);
    assert.deepEqual(
      told.map(({ atMs, started }) => [atMs, started]),
      [
        [0, 1],
        [1000, 0],
        [2000, 0],
      ],
    );
    series.add(1500, 'requests');
    series.latency(150, 20);
    const all = series.all();
    assert.deepEqual([all.length, all[1]?.requests, told.length], [4, 1, 4]);
    assert.deepEqual(all[0]?.latency, [[bucketOf(20_000), 2]]);
  });

  it('should offer nothing where nothing is scheduled', () => {
    const measured = new Measurement(undefined, 0);
    measured.seconds.isScheduled = false;
    measured.begun(0);
    const { offered, seconds } = measured.result();
    assert.deepEqual([offered, seconds[0]?.offered, seconds[0]?.started], [null, null, 1]);
  });
});

describe('counted texts', () => {
  it('should be a bounded number, the most frequent first', () => {
    const tally = new Tally();
    for (let n = 0; n < 5000; n++) tally.add(`port ${n}`);
    assert.equal(tally.top().length, 50);
    assert.equal(tally.top()[0], '4000 × others');
    assert.equal(tally.add('x'.repeat(500)), 4001);
  });
});
