import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { goalEntrySchema, loadDetailSchema } from '../../reports/record/details/load-detail.ts';
import { bucketsOf, recordedLoad } from '../../reports/judge/slo/_testing/histories.ts';
import type { InventedLoad } from '../../reports/judge/slo/_testing/histories.ts';
import type { Seen } from '../_testing/histories.ts';
import { GOALS, loaded, performance, planned } from './_testing/judged.ts';

describe('performance/api/latency', () => {
  const latency = (of: InventedLoad | Seen[] = {}) => performance('api/latency', of);

  it('should pass with bounds, sample and a chart', () => {
    const judgement = latency({ seconds: 120 });
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
    const judgement = latency({ latencyAt: () => 1040 });
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /^p95 1040\.9 ms of 5000 requests/);
  });

  it('should be open with too few samples, and say how many would do', () => {
    const judgement = latency({ seconds: 10, perSecond: 5 });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /; a decision needs 59 requests in all/);
  });

  it('should not take slow requests of one stretch for independent ones', () => {
    // 4 % of the requests are slow, all in one stretch: by rank the p95 is met.
    const judgement = latency({
      seconds: 1000,
      latencyAt: (second) => (second >= 500 && second < 540 ? 900 : 40),
    });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(
      judgement.reason,
      /slow requests come in clusters \(design effect \d+\), so these requests count as \d+ independent ones: the goal .* a decision needs \d+ requests in all/,
    );
  });

  it('false verdict 4: should fail when many requests failed, however quick they were', () => {
    const judgement = latency({ failedAt: () => 25, latencyAt: () => 1 });
    assert.match(judgement.reason, /^p95 infinitely many ms of 5000 requests/);
    assert.equal(judgement.verdict, 'fail');
  });

  it('should be open when the load was not delivered, unless it is too slow from the sending on', () => {
    assert.match(
      latency({ perSecond: 40, offered: 50 }).reason,
      /not delivered: 4000 of 5000 iterations were begun \(80 %\), at least 98 % needed/,
    );
    const { figures } = latency({ perSecond: 40, offered: 60 });
    const delivered = figures.find(({ name }) => name === 'load delivered');
    assert.deepEqual([delivered?.value, delivered?.goal], [66.666, '≥ 98']);
    const late: InventedLoad = { perSecond: 40, offered: 50, latencyAt: () => 900 };
    const sent = (ms: number) => ({ sent: bucketsOf(Array.from({ length: 4000 }, () => ms)) });
    assert.equal(latency({ ...late, over: sent(40) }).verdict, 'inconclusive');
    assert.equal(latency({ ...late, over: sent(800) }).verdict, 'fail');
  });

  it('should not pass where it hangs on requests that were never sent, nor fail for them', () => {
    const slowNow = (second: number): number => (second % 30 === 0 ? 900 : 40);
    const load = { seconds: 1000, perSecond: 99, offered: 100, latencyAt: slowNow };
    const judgement = latency(load);
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(
      judgement.reason,
      /\(bounds count 1000 requests that were dropped, cut off, refused or not checked once as good and once as bad\)/,
    );
    // 3,366 of 100,000 are slow, 1,000 are not known, 5,000 may be slow.
    const { best, worst } = judgement.goals?.[0]?.remaining ?? assert.fail();
    assert.deepEqual(
      [best, worst].map((left) => Math.round(left * 1e4)),
      [3268, 1268],
    );
    assert.equal(latency({ ...load, perSecond: 100 }).verdict, 'pass');
    assert.equal(latency({ ...load, latencyAt: () => 900 }).verdict, 'fail');
  });

  it('should say from when it is measured', () => {
    assert.match(latency().expected, /measured from the intended start$/);
    const sent = latency({ over: { engine: 'k6', latencyFrom: 'sent', sent: [] } });
    assert.equal(sent.verdict, 'pass');
    assert.match(
      sent.expected,
      /measured from when each request was sent, .*the engine reports no intended start/,
    );
    assert.match(sent.reason, /5000 requests, measured from sending;/);
    assert.equal(sent.goals?.[0]?.target, 'p95 ≤ 500 ms, measured from sending');
    assert.equal(sent.load?.latencyFrom, 'sent');
    assert.equal(latency().load?.latencyFrom, 'intended');
  });

  it('should fail a load of k6 of which many requests got no connection, each with a latency of 0', () => {
    const judgement = latency({
      failedAt: () => 25,
      change: () => ({
        latency: [
          [0, 25],
          [40_000, 25],
        ],
      }),
      over: { engine: 'k6', latencyFrom: 'sent', sent: [] },
    });
    assert.match(judgement.reason, /^p95 infinitely many ms of 5000 requests/);
    assert.equal(judgement.verdict, 'fail');
  });

  it('should be open without data: none, a failed engine, an abort, a cut observation, damage', () => {
    const failed: InventedLoad['over'] = { outcome: 'failed', reason: 'a worker thread died' };
    for (const [seen, reason] of [
      [[], /no load was recorded/],
      [[['load-failed', { reason: 'k6 is not there' }]], /could not be run: k6 is not there/],
      [[['unavailable', { what: 'the edge', reason: 'refused' }]], /the edge unavailable: refused/],
      [
        loaded({ over: failed, latencyAt: () => 5000 }),
        /the engine \(embedded\) failed: a worker thread died/,
      ],
      [loaded({ over: { outcome: 'aborted', reason: 'exec' } }), /the load was aborted: exec/],
    ] as [Seen[], RegExp][]) {
      const judgement = latency(seen);
      assert.equal(judgement.verdict, 'inconclusive');
      assert.match(judgement.reason, reason);
    }
    const cut = performance('api/latency', {}, { cut: true });
    assert.match(cut.reason, /cut off before its end/);
    const aimless = performance('api/latency', {}, { goals: { deliveredShare: 0.98 } });
    assert.match(aimless.reason, /no goal p95Ms/);
  });
});

describe('performance/api/availability', () => {
  const availability = (of: InventedLoad) => performance('api/availability', of);

  it('should ask for 2,995 requests after 500 perfect ones', () => {
    const judgement = availability({ seconds: 50, perSecond: 10 });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /0 of 500 requests failed: .*; a decision needs 2995 requests in all/);
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

  it('should state no budget for a goal that allows no failure', () => {
    const goals = { ...GOALS, availabilityRatio: 1 };
    for (const failedAt of [() => 0, () => 1]) {
      const judgement = performance('api/availability', { failedAt }, { goals });
      assert.equal(goalEntrySchema.parse(judgement.goals?.[0]).remaining, null);
    }
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
    assert.match(
      open.reason,
      /bounds count 500 requests that were dropped, cut off, refused or not checked once as good and once as bad/,
    );
    assert.equal(availability({ ...dropping, failedAt: () => 5 }).verdict, 'fail');
    const { best, worst } = open.goals?.[0]?.remaining ?? assert.fail();
    assert.deepEqual([best, Math.round(worst * 1000)], [1, -9000]);
    assert.equal(availability({ ...dropping, perSecond: 100 }).verdict, 'pass');
    // Two of a thousand fail of what was sent: with the dropped ones as good ones, less than one in a thousand.
    assert.equal(
      availability({ ...dropping, perSecond: 100, failedAt: (second) => Number(second % 5 === 0) }).verdict,
      'fail',
    );
  });

  it('should not take two loads for the one that was planned', () => {
    const of = { seconds: 200, perSecond: 20 };
    const twice = [...recordedLoad(of), ...recordedLoad(of, 300_000)];
    const judgement = performance('api/availability', twice, { settings: planned(of) });
    assert.deepEqual(
      [judgement.verdict, judgement.reason],
      ['inconclusive', '2 loads were run, one was planned'],
    );
  });
});

describe('performance/api/throughput', () => {
  const throughput = (of: InventedLoad) => performance('api/throughput', of);

  it('should pass what was offered and answered, and be open where it was not delivered', () => {
    assert.equal(throughput({ perSecond: 30 }).verdict, 'pass');
    assert.match(throughput({ perSecond: 30, offered: 50 }).reason, /not delivered/);
    assert.match(throughput({ perSecond: 20 }).reason, /offered only 20 requests a second/);
    assert.equal(throughput({ perSecond: 30, failedAt: () => 20 }).verdict, 'fail');
  });
});

describe('performance/ai', () => {
  const goals = { ...GOALS, p95Ms: 3000 };
  const draft = { over: { scenario: 'draft' } };
  const ai = (name: string, of: InventedLoad) => performance(`ai/${name}`, { ...draft, ...of }, { goals });

  it('should count what the check does not pass as failed, however quick it was', () => {
    assert.equal(ai('availability', {}).verdict, 'pass');
    const some = ai('availability', { failedAt: () => 10 });
    assert.match(some.reason, /1000 of 5000 requests failed/);
    const names = some.figures.map(({ name }) => name);
    assert.ok(names.includes('failed check: as asked'), names.join());
    assert.equal(ai('latency', { failedAt: () => 10 }).verdict, 'fail');
  });

  it('false verdict 4: 3,500 of 3,500 drafts without a text fail availability, latency and throughput', () => {
    const empty = { seconds: 70, failedAt: () => 50 };
    for (const name of ['availability', 'latency', 'throughput'])
      assert.equal(ai(name, empty).verdict, 'fail', name);
  });

  it('false verdict 4: what nobody checked is not good', () => {
    const unchecked = ai('availability', { change: () => ({ good: 0 }) });
    assert.equal(unchecked.verdict, 'inconclusive');
    assert.match(unchecked.reason, /5000 requests that were dropped, cut off, refused or not checked/);
    assert.notEqual(ai('latency', { change: () => ({ good: 0 }) }).verdict, 'pass');
    assert.notEqual(ai('throughput', { change: () => ({ good: 0 }) }).verdict, 'pass');
  });

  it('false verdict 4: iterations that were cut off count as dropped', () => {
    const of = { seconds: 200, change: () => ({ started: 51, dropped: 0 }), offered: 51 };
    const cut = ai('availability', { ...of, over: { ...draft.over, iterations: 10_000, interrupted: 200 } });
    assert.equal(cut.verdict, 'inconclusive');
    assert.match(cut.reason, /count 200 requests that were dropped, cut off.* once as good and once as bad/);
  });
});

describe('the record of a load', () => {
  const whole = recordedLoad();
  const reasonOf = (lines: Seen[]): string => performance('api/latency', lines).reason;
  const changed = (
    kind: string,
    change: (fields: Record<string, unknown>) => Record<string, unknown>,
  ): Seen[] =>
    whole.map(([name, fields]): Seen => [name, name === kind ? { ...fields, ...change(fields) } : fields]);

  it('should be whole: each second there, and each sum twice the same', () => {
    assert.equal(performance('api/latency', whole).verdict, 'pass');
    assert.match(reasonOf(whole.filter((_, index) => index !== 40)), /second 39 was not recorded/);
    for (const [lines, gap] of [
      [
        changed('load', () => ({ requests: 50_000 })),
        /latencies were recorded of 50000 requests|its seconds add up to \d+ requests/,
      ],
      [
        changed('load', () => ({ checks: [] })),
        /its seconds add up to 5000 good requests, its summary says 0/,
      ],
      [
        changed('load', () => ({ iterations: 0 })),
        /its seconds add up to 5000 iterations begun, its summary says 0/,
      ],
      [changed('load', () => ({ durationMs: 1_000_000 })), /100 seconds were recorded of a load of 1000 s/],
      [changed('load-second', () => ({ latency: [] })), /add up to 0 latencies, its summary says 5000/],
      [changed('load-second', () => ({ bad: 50 })), /add up to \d+ bad requests/],
      [changed('load-second', () => ({ started: 500 })), /add up to \d+ iterations begun/],
      [
        changed('load-second', () => ({ dropped: 5 })),
        /add up to 500 dropped iterations, its summary says 0/,
      ],
      [
        changed('load', () => ({ offered: 5500 })),
        /5000 begun and 0 dropped iterations do not add up to 5500 planned/,
      ],
    ] as [Seen[], RegExp][]) {
      const judgement = performance('api/latency', lines);
      assert.equal(judgement.verdict, 'inconclusive', String(gap));
      assert.match(judgement.reason, gap);
    }
  });

  it('should count as many iterations in its seconds as in its summary', () => {
    const inSecond = (atMs: number, change: Record<string, unknown>): Seen[] =>
      changed('load-second', (fields) => (fields.atMs === atMs ? change : {}));
    assert.match(
      reasonOf(inSecond(5000, { started: 0 })),
      /its seconds add up to 4950 iterations begun, its summary says 5000/,
    );
    // k6 leaves iterations out of its seconds that were cut off, and counts its setup and teardown among them.
    const ofK6 = inSecond(5000, { started: 52 }).map(([kind, fields]): Seen => [
      kind,
      kind === 'load-second' ? fields : { ...fields, engine: 'k6' },
    ]);
    assert.equal(performance('api/latency', ofK6).verdict, 'pass');
    assert.match(reasonOf(inSecond(5000, { started: 52 })), /add up to 5002 iterations begun/);
    assert.match(reasonOf(inSecond(99_000, { started: 49 })), /add up to 4999 iterations begun/);
    const cut = changed('load', () => ({ iterations: 5000, interrupted: 10 }));
    assert.equal(performance('api/latency', cut).verdict, 'pass');
  });

  it('should be of the scenario that the environment names', () => {
    const settings = { steady: { requestsPerSecond: 50, seconds: 100, scenario: 'search' } };
    assert.match(
      performance('api/latency', whole, { settings }).reason,
      /the load was of the scenario steady, planned was search/,
    );
    const own = changed('load', () => ({ scenario: 'search' }));
    assert.equal(performance('api/latency', own, { settings }).verdict, 'pass');
  });

  it('should be of the load that was planned', () => {
    const settings = { steady: { requestsPerSecond: 5, seconds: 100 } };
    assert.match(
      performance('api/latency', whole, { settings }).reason,
      /offered 5000 iterations, planned were 500/,
    );
    assert.match(
      performance('ai/latency', whole).reason,
      /the load was of the scenario steady, planned was draft/,
    );
    assert.match(performance('api/latency', whole, { settings: {} }).reason, /which load was planned/);
  });
});
