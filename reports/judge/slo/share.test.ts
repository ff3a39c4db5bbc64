import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusteringOf } from './clustering.ts';
import { decideShare, sampleOf } from './share.ts';
import { seeded, tallies } from './_testing/histories.ts';

const GOAL = 0.999;
const decide = (seconds: number, perSecond: number, failedAt: (second: number) => number) => {
  const found = tallies(seconds, perSecond, failedAt);
  const failed = found.reduce((sum, one) => sum + one.failed, 0);
  return decideShare({ count: seconds * perSecond, failed, tallies: found }, GOAL);
};
/** `total` failures as evenly as seconds allow. */
const evenly = (total: number, seconds: number) => (second: number) =>
  Math.floor(((second + 1) * total) / seconds) - Math.floor((second * total) / seconds);

describe('decideShare', () => {
  it('should ask for 2,995 requests after 500 perfect ones', () => {
    for (const seconds of [5, 10, 50, 500]) {
      const decision = decide(seconds, 500 / seconds, () => 0);
      assert.deepEqual([decision.verdict, decision.samplesToDecide], ['inconclusive', 2995]);
    }
    assert.equal(decide(599, 5, () => 0).verdict, 'pass');
  });

  it('should pass with one failure in 100,000, however long they took and whenever it failed', () => {
    for (const seconds of [20, 100, 1000, 10_000]) {
      for (const at of [0, Math.floor(seconds / 3), seconds - 1]) {
        const decision = decide(seconds, 100_000 / seconds, (second) => Number(second === at));
        assert.equal(decision.verdict, 'pass', `${seconds} s, failure in ${at}`);
        assert.ok(Math.abs(decision.clustering.designEffect - 1) < 1e-9);
      }
    }
  });

  it('should fail with 300 failures in 100,000, even ones and random ones', () => {
    for (const seconds of [100, 1000, 10_000])
      assert.equal(decide(seconds, 100_000 / seconds, evenly(300, seconds)).verdict, 'fail');
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seeded(seed);
      const at = new Map<number, number>();
      for (let i = 0; i < 300; i += 1) {
        const second = Math.floor(random() * 1000);
        at.set(second, (at.get(second) ?? 0) + 1);
      }
      const decision = decide(1000, 100, (second) => at.get(second) ?? 0);
      assert.equal(decision.verdict, 'fail');
      assert.ok(decision.clustering.designEffect < 4, String(decision.clustering.designEffect));
    }
  });

  it('should not call 100,000 requests independent of which one whole minute failed', () => {
    // 1 request a second: by requests alone 60 of 100,000 would pass.
    for (const start of [0, 31_234, 64_321, 99_900]) {
      const decision = decide(100_000, 1, (second) => Number(second >= start && second < start + 60));
      assert.equal(decision.byRequest.verdict, 'pass');
      assert.equal(decision.verdict, 'inconclusive');
      assert.ok(decision.clustering.designEffect > 45, String(decision.clustering.designEffect));
      assert.ok(decision.effective.samples < 2300);
      assert.ok((decision.samplesToDecide ?? 0) > 150_000);
    }
    // 100 a second: one event in a quarter of an hour is too many however it is counted.
    const busy = decide(1000, 100, (second) => (second >= 400 && second < 460 ? 100 : 0));
    assert.equal(busy.verdict, 'fail');
    assert.ok(busy.clustering.designEffect > 4000, String(busy.clustering.designEffect));
    assert.ok(busy.effective.samples < 25);
  });

  it('should count all failures as one event where nothing is known of their times', () => {
    const decision = decideShare({ count: 100_000, failed: 60, tallies: [] }, GOAL);
    assert.deepEqual([decision.byRequest.verdict, decision.verdict], ['pass', 'inconclusive']);
    assert.equal(decision.clustering.designEffect, 60);
    assert.equal(decideShare({ count: 100_000, failed: 0, tallies: [] }, GOAL).verdict, 'pass');
  });

  it('should fail when everything fails, and say nothing of nothing', () => {
    assert.equal(decide(100, 10, () => 10).verdict, 'fail');
    assert.equal(decide(3, 10, () => 10).verdict, 'fail');
    const none = decideShare({ count: 0, failed: 0, tallies: [] }, GOAL);
    assert.deepEqual([none.verdict, none.ratio, none.samplesToDecide], ['inconclusive', null, 2995]);
  });

  it('should rarely decide what lies on the goal, clusters or not', () => {
    // A ratio of exactly the goal, in outages of 5 s on average, some four of them: a bound at 95 % may pass one in twenty, and what is
    // uncertain of the clusters leaves it near that.
    for (const meanLength of [0, 5]) {
      const rounds = 100;
      const seen = { pass: 0, fail: 0, inconclusive: 0 };
      for (let seed = 1; seed <= rounds; seed += 1) {
        const failedAt = failures(seed, { seconds: 20_000, perSecond: 5, meanLength });
        seen[decide(20_000, 5, (second) => failedAt[second] ?? 0).verdict] += 1;
      }
      // 5 % of 100 are 5; two and a half standard deviations above that are 10.
      assert.ok(seen.pass <= 10 && seen.fail <= 10, `clusters of ${meanLength} s: ${JSON.stringify(seen)}`);
    }
  });
});

describe('false verdict 14: one way of deciding on a proportion', () => {
  it('should not pass a burst of 95 failures in 12,000 at a goal of 1 %, from single events too', () => {
    const events = Array.from({ length: 12_000 }, (_, index) => ({
      atMs: 7_000_000 + index * 20,
      good: index < 6000 || index >= 6095,
    }));
    const sample = sampleOf(events);
    assert.deepEqual(
      [sample.count, sample.failed, sample.unknown, sample.tallies.length],
      [12_000, 95, 0, 240],
    );
    const decision = decideShare(sample, 0.99);
    assert.deepEqual([decision.byRequest.verdict, decision.verdict], ['pass', 'inconclusive']);
    assert.ok((decision.samplesToDecide ?? 0) > 12_000);
  });

  it('should hold what is unknown both ways', () => {
    const sample = (unknown: number, failed: number) =>
      sampleOf([
        ...Array.from({ length: 4000 }, (_, at) => ({ atMs: at * 20, good: at >= failed })),
        ...Array.from({ length: unknown }, (_, at) => ({ atMs: at * 4000, good: null })),
      ]);
    assert.equal(decideShare(sample(0, 0), 0.99).verdict, 'pass');
    const open = decideShare(sample(80, 0), 0.99);
    assert.deepEqual([open.verdict, open.ratio, open.unknown], ['inconclusive', 1, 80]);
    assert.ok(open.lower < 0.99 && open.upper === 1);
    assert.equal(decideShare(sample(80, 2000), 0.99).verdict, 'fail');
  });
});

/** Failures of a service whose ratio is the goal: single ones, or whole seconds in outages of random length. */
function failures(
  seed: number,
  of: { seconds: number; perSecond: number; meanLength: number },
): Uint16Array<ArrayBuffer> {
  const random = seeded(seed);
  const found = new Uint16Array(of.seconds);
  if (of.meanLength === 0) {
    for (let second = 0; second < of.seconds; second += 1)
      for (let i = 0; i < of.perSecond; i += 1)
        if (random() < 1 - GOAL) found[second] = (found[second] ?? 0) + 1;
    return found;
  }
  const leave = 1 / of.meanLength;
  const enter = (leave * (1 - GOAL)) / GOAL;
  let down = random() < 1 - GOAL;
  for (let second = 0; second < of.seconds; second += 1) {
    if (down) found[second] = of.perSecond;
    down = down ? random() >= leave : random() < enter;
  }
  return found;
}

describe('clusteringOf', () => {
  it('should find no clusters in failures that fall by chance', () => {
    let total = 0;
    for (let seed = 1; seed <= 40; seed += 1) {
      const failedAt = failures(seed, { seconds: 10_000, perSecond: 10, meanLength: 0 });
      total += clusteringOf(tallies(10_000, 10, (second) => failedAt[second] ?? 0)).designEffect;
    }
    assert.ok(total / 40 < 2, `mean effect ${total / 40}`);
  });

  it('should find the size of clusters, also of those longer than a block', () => {
    for (const length of [2, 10, 40]) {
      const { designEffect } = clusteringOf(
        tallies(20_000, 5, (second) => (second % 4000 < length && second >= 4000 ? 5 : 0)),
      );
      assert.ok(
        designEffect > length * 5 * 0.6 && designEffect < length * 5 * 1.7,
        `${length}: ${designEffect}`,
      );
    }
  });

  it('should say in how many blocks something failed, and how many there may be', () => {
    const calm = clusteringOf(tallies(1000, 10, () => 0));
    assert.deepEqual([calm.blocks, calm.blocksWithFailures, calm.designEffect], [100, 0, 1]);
    assert.ok(Math.abs(calm.blocksWithFailuresUpper - 0.0295) < 1e-3);
    const short = clusteringOf(tallies(20, 10, (second) => Number(second === 3)));
    assert.equal(short.blocks, 10);
  });

  it('should not look for clusters in fewer than eight seconds', () => {
    const { blockMs, designEffect } = clusteringOf(tallies(5, 100, (second) => second));
    assert.deepEqual([blockMs, designEffect], [null, 10]);
  });

  it('should not take a failure in a short last block for a cluster', () => {
    const found = tallies(1001, 100, (second) => Number(second === 1000));
    assert.ok(clusteringOf(found).designEffect < 1.01);
  });
});
