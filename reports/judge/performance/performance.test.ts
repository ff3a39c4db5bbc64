import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { goalEntrySchema, loadDetailSchema } from '../../record/load-detail.ts';
import type { LoadResult } from '../../record/load-result.ts';
import { bucketsOf, inventedLoad } from '../slo/testing.ts';
import type { InventedLoad } from '../slo/testing.ts';
import { judge } from '../topology/testing.ts';
import type { Seen } from '../topology/testing.ts';

const GOALS = { p95Ms: 500, availabilityRatio: 0.999, requestsPerSecond: 25, deliveredShare: 0.98 };
const loaded = (of: InventedLoad = {}): Seen => ['load', { result: inventedLoad(of) }];
const performance = (
  name: string,
  seen: Seen[],
  more: { cut?: boolean; goals?: Record<string, unknown> } = {},
) => judge({ check: `performance/${name}`, goals: GOALS, seen, ...more });

describe('performance/api/latency', () => {
  const latency = (...seen: Seen[]) => performance('api/latency', seen);

  it('should pass with bounds, sample and a chart', () => {
    const judgement = latency(loaded({ seconds: 120 }));
    assert.equal(judgement.verdict, 'pass');
    const [goal] = judgement.goals ?? [];
    goalEntrySchema.parse(goal);
    loadDetailSchema.parse(judgement.load);
    assert.deepEqual([goal?.samples, goal?.target], [6000, 'p95 ≤ 500 ms']);
    assert.ok((goal?.upper ?? 1000) < 41);
    assert.equal(judgement.load?.p99Ms.length, judgement.load?.offered.length);
    assert.equal(
      judgement.load?.heat.cells.reduce((sum, [, , count]) => sum + count, 0),
      6000,
    );
  });

  it('should fail when a second is added to every answer', () => {
    const judgement = latency(loaded({ latencyAt: () => 1040 }));
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /^p95 1040\.9 ms of 5000 requests/);
  });

  it('should be open with too few samples, and say how many would do', () => {
    const judgement = latency(loaded({ seconds: 10, perSecond: 5 }));
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /; 59 requests in all would decide/);
  });

  it('should not take slow requests of one stretch for independent ones', () => {
    // 4 % of the requests are slow, all in one stretch: by rank the p95 is met.
    const judgement = latency(
      loaded({ seconds: 1000, latencyAt: (second) => (second >= 500 && second < 540 ? 900 : 40) }),
    );
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /requests in all would decide/);
  });

  it('false verdict 4: should fail when many requests failed, however quick they were', () => {
    const judgement = latency(loaded({ failedAt: () => 25, latencyAt: () => 1 }));
    assert.match(judgement.reason, /^p95 any number of ms of 5000 requests/);
    assert.equal(judgement.verdict, 'fail');
  });

  it('should be open when the load was not delivered, unless it is too slow from the sending on', () => {
    assert.match(
      latency(loaded({ perSecond: 40, offered: 50 })).reason,
      /not delivered: 4000 of 5000 iterations were begun \(80 %\), at least 98 % are needed/,
    );
    const late: InventedLoad = { perSecond: 40, offered: 50, latencyAt: () => 900 };
    assert.equal(latency(loaded(late)).verdict, 'inconclusive');
    const metrics = { http_req_duration: trend(Array.from({ length: 4000 }, () => 800)) };
    assert.equal(latency(loaded({ ...late, over: { metrics } })).verdict, 'fail');
  });

  it('should not pass where it hangs on requests that were never sent, nor fail for them', () => {
    const slowNow = (second: number): number => (second % 30 === 0 ? 900 : 40);
    const load = { seconds: 1000, perSecond: 99, offered: 100, latencyAt: slowNow };
    const judgement = latency(loaded(load));
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(
      judgement.reason,
      /\(1000 that were dropped, cut off or not checked counted as good and as bad\)/,
    );
    assert.equal(latency(loaded({ ...load, perSecond: 100 })).verdict, 'pass');
    assert.equal(latency(loaded({ ...load, latencyAt: () => 900 })).verdict, 'fail');
  });

  it('should say from when it is measured', () => {
    assert.match(latency(loaded()).expected, /measured from the intended start$/);
    const engine = { name: 'k6', version: '2', stubbed: false, latencyFrom: 'sent' } as const;
    const sent = latency(loaded({ over: { engine } }));
    assert.equal(sent.verdict, 'pass');
    assert.match(sent.expected, /measured from the sending, since the engine tells no more/);
    assert.match(sent.reason, /5000 requests, from the sending;/);
    assert.equal(sent.goals?.[0]?.target, 'p95 ≤ 500 ms, from the sending');
    assert.equal(sent.load?.latencyFrom, 'sent');
    assert.equal(latency(loaded()).load?.latencyFrom, 'intended');
  });

  it('should be open without data: none, a failed engine, an abort, a cut observation, damage', () => {
    const failed: Partial<LoadResult> = { outcome: 'failed', reason: 'a worker thread died' };
    for (const [seen, reason] of [
      [[], /no load was recorded/],
      [[['load-failed', { reason: 'k6 is not there' }]], /could not be made: k6 is not there/],
      [[['unavailable', { what: 'the edge', reason: 'refused' }]], /the edge unavailable: refused/],
      [
        [loaded({ over: failed, latencyAt: () => 5000 })],
        /the engine \(embedded\) failed: a worker thread died/,
      ],
      [[loaded({ over: { outcome: 'aborted', reason: 'exec' } })], /the load was aborted: exec/],
      [[['load', { result: { schema: 9 } }]], /cannot be read/],
    ] as [Seen[], RegExp][]) {
      const judgement = latency(...seen);
      assert.equal(judgement.verdict, 'inconclusive');
      assert.match(judgement.reason, reason);
    }
    const cut = performance('api/latency', [loaded()], { cut: true });
    assert.match(cut.reason, /cut off before its end/);
    const aimless = performance('api/latency', [loaded()], { goals: {} });
    assert.match(aimless.reason, /no goal p95Ms/);
  });
});

function trend(valuesMs: number[]): LoadResult['metrics'][string] {
  const none = { min: null, avg: null, med: null, max: null, p90: null, p95: null, p99: null, p999: null };
  return { type: 'trend', time: true, count: valuesMs.length, ...none, buckets: bucketsOf(valuesMs) };
}

describe('performance/api/availability', () => {
  const availability = (of: InventedLoad) => performance('api/availability', [loaded(of)]);

  it('should ask for 2,995 requests after 500 perfect ones', () => {
    const judgement = availability({ seconds: 50, perSecond: 10 });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /0 of 500 requests failed: .*; 2995 requests in all would decide/);
  });

  it('should pass with one failure in 100,000 and fail with 300', () => {
    const of = { seconds: 1000, perSecond: 100 };
    const one = availability({ ...of, failedAt: (second) => Number(second === 500) });
    assert.equal(one.verdict, 'pass');
    assert.ok(Math.abs((one.goals?.[0]?.remaining?.worst ?? 0) - 0.99) < 1e-9);
    const many = availability({ ...of, failedAt: (second) => Number(second % 10 < 3) });
    assert.equal(many.verdict, 'fail');
    assert.ok((many.goals?.[0]?.remaining?.worst ?? 0) < -1.9);
  });

  it('should say that failures of one minute are not independent', () => {
    const judgement = availability({
      seconds: 100_000,
      perSecond: 1,
      failedAt: (second) => Number(second >= 6000 && second < 6060),
    });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /failures come in clusters \(design effect 6\d/);
    assert.ok((judgement.load?.offered.length ?? 0) <= 240);
  });

  it('should let a failure stand although the load was not delivered', () => {
    assert.equal(availability({ perSecond: 40, offered: 50, failedAt: () => 10 }).verdict, 'fail');
    assert.equal(availability({ seconds: 500, perSecond: 40, offered: 50 }).verdict, 'inconclusive');
  });

  it('should count what was dropped both ways', () => {
    const dropping = { seconds: 500, perSecond: 99, offered: 100 };
    const open = availability(dropping);
    assert.equal(open.verdict, 'inconclusive');
    assert.match(open.reason, /500 that were dropped, cut off or not checked counted as good and as bad/);
    assert.equal(availability({ ...dropping, failedAt: () => 5 }).verdict, 'fail');
    assert.equal(availability({ ...dropping, perSecond: 100 }).verdict, 'pass');
    // Two of a thousand fail of what was sent: with the dropped ones as good ones, less than one in a thousand.
    assert.equal(
      availability({ ...dropping, perSecond: 100, failedAt: (second) => Number(second % 5 === 0) }).verdict,
      'fail',
    );
  });

  it('should take several loads as one after the other', () => {
    const judgement = performance('api/availability', [
      loaded({ seconds: 200, perSecond: 20 }),
      loaded({ seconds: 200, perSecond: 20 }),
    ]);
    assert.deepEqual([judgement.verdict, judgement.goals?.[0]?.samples], ['pass', 8000]);
  });
});

describe('performance/api/throughput', () => {
  const throughput = (of: InventedLoad) => performance('api/throughput', [loaded(of)]);

  it('should pass what was offered and answered, and be open where it was not delivered', () => {
    assert.equal(throughput({ perSecond: 30 }).verdict, 'pass');
    assert.match(throughput({ perSecond: 30, offered: 50 }).reason, /not delivered/);
    assert.match(throughput({ perSecond: 20 }).reason, /asked for 20 requests a second only/);
    assert.equal(throughput({ perSecond: 30, failedAt: () => 20 }).verdict, 'fail');
  });
});

describe('performance/ai', () => {
  const degraded = (passes: number, fails: number): InventedLoad => ({
    over: { checks: [{ name: 'not degraded', group: '', passes, fails }] },
  });
  const goals = { ...GOALS, p95Ms: 3000 };
  const ai = (name: string, of: InventedLoad) => performance(`ai/${name}`, [loaded(of)], { goals });

  it('should count a degraded answer as failed, however quick it was', () => {
    assert.equal(ai('availability', degraded(5000, 0)).verdict, 'pass');
    const some = ai('availability', degraded(4000, 1000));
    assert.notEqual(some.verdict, 'pass');
    assert.match(some.reason, /1000 of 5000 requests failed/);
    assert.equal(
      some.figures.find(({ name }) => name === 'degraded answers, counted as failed')?.value,
      1000,
    );
    assert.equal(ai('availability', degraded(0, 5000)).verdict, 'fail');
  });

  it('should not pass the latency of a service that answers without its model', () => {
    assert.equal(ai('latency', degraded(4000, 1000)).verdict, 'inconclusive');
    assert.notEqual(ai('latency', degraded(0, 5000)).verdict, 'pass');
    assert.equal(ai('latency', degraded(5000, 0)).verdict, 'pass');
  });
});
