import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deliveryOf } from '../../../../reports/judge/slo/series/delivery.ts';
import { inventedLoad } from '../../../../reports/judge/slo/_testing/histories.ts';
import type { InventedLoad } from '../../../../reports/judge/slo/_testing/histories.ts';
import { decideThroughput } from './throughput.ts';

/** A second in which nothing happened. */
const NOTHING = { offered: 0, started: 0, requests: 0, good: 0, latency: [] };

describe('deliveryOf', () => {
  it('should compare what was started with what was offered', () => {
    assert.deepEqual(deliveryOf(inventedLoad({ perSecond: 45, offered: 50 })), {
      offered: 5000,
      started: 4500,
      dropped: 500,
      share: 0.9,
    });
    assert.equal(deliveryOf(inventedLoad({ offered: null })).share, null);
  });

  it('should use the sums of the scenarios where there are no seconds', () => {
    const load = { ...inventedLoad({ perSecond: 45, offered: 50 }), seconds: [] };
    assert.equal(deliveryOf(load).share, 0.9);
  });
});

describe('decideThroughput', () => {
  it('should pass what was offered, delivered and answered well', () => {
    const decision = decideThroughput(inventedLoad({ perSecond: 55 }), 50);
    assert.deepEqual([decision.verdict, decision.perSecond, decision.offeredPerSecond], ['pass', 55, 55]);
  });

  it('should fail when too few of the answers are good', () => {
    assert.equal(decideThroughput(inventedLoad({ failedAt: () => 10 }), 45).verdict, 'fail');
  });

  it('should not fail for one bad answer where no more was offered than the goal', () => {
    const onlyOne = inventedLoad({
      seconds: 10_000,
      perSecond: 1,
      failedAt: (second) => (second === 50 ? 1 : 0),
    });
    const decision = decideThroughput(onlyOne, 1);
    assert.equal(decision.verdict, 'inconclusive');
    assert.match(
      decision.open,
      /^the load offered only 1 requests a second, the goal is 1: it must offer more$/,
    );
  });

  it('should say nothing of a rate that nobody asked for', () => {
    const decision = decideThroughput(inventedLoad({ perSecond: 20 }), 50);
    assert.equal(decision.verdict, 'inconclusive');
    assert.match(decision.open, /offered only 20 requests a second, the goal is 50/);
  });

  it('should not take the wait for the last answers for time in which less was offered', () => {
    const waiting = (of: InventedLoad, durationMs: number) => inventedLoad({ ...of, over: { durationMs } });
    const even = decideThroughput(waiting({ perSecond: 1, seconds: 300 }, 302_000), 1);
    assert.deepEqual([even.verdict, even.offeredPerSecond], ['inconclusive', 1]);
    assert.match(even.open, /^the load offered only 1 requests a second, the goal is 1: it must offer more/);
    // A service that answers 20 a second, and takes 150 s for what was offered in 100 s, does not keep up with 25.
    const behind = decideThroughput(waiting({ perSecond: 30 }, 150_000), 25);
    assert.deepEqual([behind.verdict, behind.perSecond, behind.offeredPerSecond], ['inconclusive', 20, 30]);
    assert.match(behind.open, /^the rate is between 20 and 30 a second/);
    assert.equal(
      decideThroughput(waiting({ perSecond: 30, failedAt: () => 15 }, 150_000), 25).verdict,
      'fail',
    );
  });

  it('should say an offered rate with as many digits as it takes to differ from the goal', () => {
    const { open } = decideThroughput(inventedLoad({ perSecond: 20 }), 20.004);
    assert.match(open, /offered only 20 requests a second, the goal is 20\.004/);
    const almost = inventedLoad({
      seconds: 300,
      perSecond: 1,
      change: ({ atMs }) => (atMs === 9000 ? NOTHING : {}),
    });
    assert.match(decideThroughput(almost, 1).open, /offered only 0\.997 requests a second, the goal is 1:/);
  });

  it('should not count what was offered and never sent', () => {
    const of = { seconds: 200, perSecond: 99, offered: 100 };
    const open = decideThroughput(inventedLoad(of), 99.5);
    assert.equal(open.verdict, 'inconclusive');
    assert.ok((open.lower ?? 100) < 99 && (open.upper ?? 0) > 99.9);
    assert.equal(decideThroughput(inventedLoad(of), 98).verdict, 'pass');
    assert.equal(decideThroughput(inventedLoad({ ...of, failedAt: () => 10 }), 99.5).verdict, 'fail');
  });

  it('should bound the rate of a closed model by its blocks', () => {
    assert.equal(decideThroughput(inventedLoad({ offered: null, perSecond: 60 }), 50).verdict, 'pass');
    assert.equal(decideThroughput(inventedLoad({ offered: null, perSecond: 40 }), 50).verdict, 'fail');
    const short = decideThroughput(inventedLoad({ offered: null, seconds: 30 }), 50);
    assert.match(short.open, /five blocks/);
  });

  it('should be open without a request', () => {
    const load = inventedLoad({ change: () => ({ requests: 0, good: 0, latency: [] }) });
    assert.match(decideThroughput(load, 1).open, /no request/);
  });
});
