import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scalingDetailSchema } from '../../reports/record/details/load-detail.ts';
import type { InventedLoad } from '../../reports/judge/slo/_testing/histories.ts';
import { judge } from '../_testing/histories.ts';
import type { Seen } from '../_testing/histories.ts';
import { at, tell } from './_testing/histories.ts';
import { controls } from './backend/up/controls.ts';
import type { Story } from './_testing/histories.ts';

const UP_GOALS = {
  decisionSeconds: 60,
  readySeconds: 90,
  latencySeconds: 120,
  p95Ms: 500,
  deliveredShare: 0.98,
};

describe('scaling/backend/up', () => {
  const up = (of: Story) =>
    judge({ check: 'scaling/backend/up', goals: UP_GOALS, seen: tell(of), cut: true });
  const grows = (second: number): number => (second < 30 ? 2 : 4);
  const slowUntil = (until: number): InventedLoad => ({ latencyAt: (second) => (second < until ? 900 : 60) });

  it('should follow the chain from the load to the latency goal, and draw it', () => {
    const judgement = up({ desired: grows, load: slowUntil(40) });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /desired after 30 s, ready after 40 s, latency goal met from 40 s on/);
    const detail = scalingDetailSchema.parse(judgement.scaling);
    const lengths = [
      detail.offered,
      detail.desired,
      detail.ready,
      detail.p50Ms,
      detail.p99Ms,
      detail.errorsPerSecond,
    ];
    assert.equal(new Set(lengths.map((list) => list.length)).size, 1);
    assert.deepEqual(
      [detail.fromMs, detail.stepMs, detail.desired[0], detail.desired.at(-1)],
      [-20_000, 1000, 2, 4],
    );
    assert.equal(detail.offered[5], 0);
    assert.equal(detail.offered[25], 50);
    assert.deepEqual(
      detail.marks.map(({ outside }) => outside),
      ['no', 'no', 'unknown', 'unknown'],
    );
  });

  it('should fail a late decision, late pods and a latency that does not come back', () => {
    assert.match(
      up({ desired: (s) => (s < 80 ? 2 : 4) }).reason,
      /more pods were desired after 80 s, the goal is 60 s/,
    );
    assert.match(up({ desired: grows, lag: 70 }).reason, /new pods were ready after 100 s, the goal is 90 s/);
    assert.match(
      up({ desired: grows, load: slowUntil(140) }).reason,
      /above 500 ms for 140 s, the goal is 120 s/,
    );
    assert.match(up({ desired: grows, load: slowUntil(999) }).reason, /to the end of the load, 150 s/);
    assert.match(
      up({ desired: () => 2 }).reason,
      /not within 60 s: more pods were desired \(observed for 150 s\)/,
    );
  });

  it('should count from the top of the load, not from where it begins to rise', () => {
    const judgement = up({ desired: (s) => (s < 80 ? 2 : 4), rampS: 30, load: slowUntil(145) });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.equal(judgement.figures.find(({ name }) => name.includes('full rate'))?.value, 30);
    const late = up({ desired: (s) => (s < 95 ? 2 : 4), rampS: 30 });
    assert.match(late.reason, /desired after 65 s of the full load, the goal is 60 s/);
  });

  it('should take failures for slow answers, also those that come at once', () => {
    const fast = up({ desired: grows, load: { failedAt: () => 50, latencyAt: () => 1 } });
    assert.equal(fast.verdict, 'fail');
    assert.match(fast.reason, /counting failed requests as slow, was above 500 ms to the end/);
    const few = up({ desired: grows, load: { failedAt: () => 2, latencyAt: () => 1 } });
    assert.equal(few.verdict, 'pass');
  });

  const changed = (change: NonNullable<InventedLoad['change']>): InventedLoad => ({ change });

  it('should take silence for a miss where requests were sent, whatever was before', () => {
    const silent = { requests: 0, good: 0, latency: [] };
    const hung = up({ desired: grows, load: changed(({ atMs }) => (atMs >= 140_000 ? silent : {})) });
    assert.equal(hung.verdict, 'fail');
    assert.match(hung.reason, /to the end of the load, 150 s/);
    const quiet = { ...silent, offered: 1, started: 1 };
    const unknown = up({ desired: grows, load: changed(({ atMs }) => (atMs >= 140_000 ? quiet : {})) });
    assert.equal(unknown.verdict, 'inconclusive');
    assert.match(unknown.reason, /too few answers at the end of the load/);
  });

  it('should not pass where it hangs on iterations that were never begun', () => {
    const dropping = {
      started: 30,
      requests: 30,
      good: 30,
      dropped: 20,
      latency: [[60_000, 30]] as [number, number][],
    };
    const judgement = up({ desired: grows, load: changed(({ atMs }) => (atMs >= 145_000 ? dropping : {})) });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(
      judgement.reason,
      /the verdict depends on requests that failed, were refused or were dropped: at worst, p95/,
    );
  });

  it('should demand that every further wish is met as well', () => {
    const wishes: Story = {
      desired: (s) => (s < 30 ? 2 : s < 100 ? 3 : 5),
      ready: (s) => (s < 40 ? 2 : 3),
      // An autoscaler that stabilises does not take a scale-up back within 20 s.
      spec: { max: 8, stabilisationDownS: 15 },
    };
    const never = up(wishes);
    assert.equal(never.verdict, 'fail');
    assert.match(
      never.reason,
      /the pods of the scale-up from 3 to 5 pods were never all ready \(observed for 50 s\), allowed are 30 s/,
    );
    const short = up({ ...wishes, lastS: 115, loadS: 115 });
    assert.equal(short.verdict, 'inconclusive');
    assert.match(
      short.reason,
      /the pods of the scale-up from 3 to 5 pods were not all ready when the load ended, 15 s after the scale-up/,
    );
    const met = up({ ...wishes, ready: (s) => (s < 40 ? 2 : s < 120 ? 3 : 5) });
    assert.equal(met.verdict, 'pass', met.reason);
    const late = up({ ...wishes, ready: (s) => (s < 40 ? 2 : s < 140 ? 3 : 5) });
    assert.match(late.reason, /were ready after 40 s, allowed are 30 s/);
    const withdrawn = up({
      ...wishes,
      metric: (s) => (s > 20 && s < 120 ? 100 : 60),
      desired: (s) => (s < 30 ? 2 : s >= 100 && s < 120 ? 5 : 3),
    });
    assert.equal(withdrawn.verdict, 'pass', withdrawn.reason);
  });

  it('should let a failure stand though the load was not delivered', () => {
    const load = { perSecond: 40, offered: 50 };
    const stuck = up({ desired: () => 1, spec: { min: 1, max: 1 }, load });
    assert.deepEqual([stuck.verdict, /stuck at the maximum/.test(stuck.reason)], ['fail', true]);
    assert.equal(up({ desired: grows, load: { ...load, latencyAt: () => 900 } }).verdict, 'fail');
    // Less load may have crossed the target later only.
    const metric = (s: number): number => (s > 50 ? 100 : 20);
    assert.equal(up({ desired: (s) => (s < 80 ? 2 : 4), metric, load }).verdict, 'inconclusive');
    assert.equal(up({ desired: (s) => (s < 120 ? 2 : 4), metric, load }).verdict, 'fail');
  });

  it('false verdict 5: should not pass scaling that the load did not cause', () => {
    const low = up({ desired: grows, metric: () => 7 });
    assert.equal(low.verdict, 'inconclusive');
    assert.match(
      low.reason,
      /the metric did not cross its target at all, so something other than the load must have scaled/,
    );
    const later = up({ desired: grows, metric: (s) => (s > 60 ? 100 : 7) });
    assert.equal(later.verdict, 'inconclusive');
    assert.match(later.reason, /crossed its target 35 s later/);
  });

  it('false verdict 5: should fail an autoscaler that shrinks under load', () => {
    const shrunk = up({ desired: (s) => (s < 30 ? 2 : s < 90 ? 4 : 3) });
    assert.equal(shrunk.verdict, 'fail');
    assert.match(
      shrunk.reason,
      /scaled down under load: from 4 to 3 pods desired with cpu at 157 % of its target/,
    );
  });

  it('false verdict 5: should follow all metrics, and the one that asks for most', () => {
    const both = (memory: (second: number) => number) => (second: number) => [
      { name: 'cpu', value: 20, target: 70 },
      { name: 'memory', value: memory(second), target: 50 },
    ];
    const spec = { metrics: ['cpu', 'memory'] };
    const byMemory = up({ desired: grows, spec, metrics: both((s) => (s > 20 ? 100 : 10)) });
    assert.equal(byMemory.verdict, 'pass', byMemory.reason);
    assert.equal(up({ desired: grows, spec, metrics: both(() => 10) }).verdict, 'inconclusive');
  });

  it('should not pass an autoscaler that was not watched all the time', () => {
    const told = tell({ desired: grows, load: slowUntil(40) });
    const watched = (fields: Record<string, unknown>): Seen[] =>
      told.map(([kind, seen]): Seen => [kind, kind === 'hpa-watched' ? { ...seen, ...fields } : seen]);
    for (const fields of [{ longestGapMs: 40_000 }, { looks: 10 }, { watchedMs: -1 }, { looks: 1_000_000 }]) {
      const found = judge({ check: 'scaling/backend/up', goals: UP_GOALS, seen: watched(fields), cut: true });
      assert.match(found.reason, /not observed all the time/, JSON.stringify(fields));
    }
  });

  it('should not pass without what was there when the load began', () => {
    const told = tell({ desired: grows, load: slowUntil(40) });
    const without = (gone: (kind: string, second: number) => boolean): string =>
      judge({
        check: 'scaling/backend/up',
        goals: UP_GOALS,
        cut: true,
        seen: told.filter(([kind, one]) => !gone(kind, Number(one?.['t']))),
      }).reason;
    for (const lost of ['hpa-spec', 'hpa', 'scaled-pods']) {
      assert.match(
        without((kind, t) => kind === lost && t < at(0)),
        new RegExp(`no ${lost} was recorded before`),
      );
      assert.match(
        without((kind, t) => kind === lost && t === at(0)),
        new RegExp(`the ${lost} from when the load began is missing`),
      );
    }
    const changed = told.map(([kind, one]): Seen => [
      kind,
      kind === 'hpa-spec' && one?.['t'] === at(0) ? { ...one, max: 9 } : one,
    ]);
    const { reason } = judge({ check: 'scaling/backend/up', goals: UP_GOALS, seen: changed, cut: true });
    assert.match(reason, /the settings of the autoscaler changed while it was observed/);
  });

  it('should say so where there is no autoscaler, or no longer, or no rest before the load', () => {
    const missing = (kind: string, fields: Record<string, unknown>) =>
      judge({ check: 'scaling/backend/up', goals: UP_GOALS, seen: [[kind, fields]] });
    const none = missing('hpa-missing', { deployment: 'tender/tender-api' });
    assert.equal(none.verdict, 'inconclusive');
    assert.match(none.reason, /^no autoscaler scales Deployment tender\/tender-api/);
    const scale = { desired: 4, ready: 3, total: 4, min: 2, max: 5, stabilisationDownS: 60, load: 0.1 };
    assert.match(
      missing('not-at-minimum', { scale }).reason,
      /^the backend had not settled at its minimum of pods before the load: 4 pods desired, 3 of 4 ready, the minimum is 2/,
    );
    const lost: Seen = ['hpa-missing', { t: at(50), deployment: 'tender/tender-api' }];
    const gone = judge({
      check: 'scaling/backend/up',
      goals: UP_GOALS,
      cut: true,
      seen: [...tell({ desired: () => 2 }), lost],
    });
    assert.equal(gone.verdict, 'inconclusive');
    assert.match(gone.reason, /any more while it was observed/);
  });

  it('should flag what is outside of the times that the settings let expect', () => {
    const judgement = up({ desired: grows, spec: { stabilisationUpS: 45 } });
    assert.equal(judgement.verdict, 'pass');
    assert.match(judgement.findings[0]?.seen ?? '', /30 s: faster than expected/);
    assert.match(judgement.findings[0]?.expected ?? '', /stabilisation 45 s up .* read every 0\.25 s/);
    assert.match(judgement.findings[0]?.expected ?? '', /resolution 10 s \(twice\)/);
  });

  it('should fail at a maximum that allows no more pods, or not enough', () => {
    const one = up({ desired: () => 1, spec: { min: 1, max: 1 } });
    assert.equal(one.verdict, 'fail');
    assert.match(one.reason, /stuck at the maximum of 1: cpu at 157 % of its target, so no pod was added/);
    const metric = (s: number): number => (s > 20 && s < 150 ? 170 : 20);
    const few = up({ desired: (s) => (s < 30 ? 2 : 5), metric, load: slowUntil(999) });
    assert.match(few.reason, /stuck at the maximum of 5: .* the latency goal was not met again/);
    // At the maximum with all goals met there is nothing to complain of.
    assert.equal(up({ desired: (s) => (s < 30 ? 2 : 5), metric }).verdict, 'pass');
  });

  it('should not take the metric that is left in the status for one, nor a metric that goes away for a slow decision', () => {
    const conditions = [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' }];
    assert.match(up({ desired: () => 2, conditions }).reason, /has no metric: ScalingActive=False/);
    const lost = up({ desired: () => 2, metric: (s) => (s < 30 ? 100 : null) });
    assert.deepEqual(
      [lost.verdict, /had no metric for a part of the load/.test(lost.reason)],
      ['inconclusive', true],
    );
  });

  it('should prove by its control that a metric is missing, not that the load was too small for it', () => {
    const missing = controls.find(({ id }) => id.endsWith('/no-metrics'))?.seen ?? assert.fail();
    for (const metric of [() => null, (s: number) => (s < 30 ? 100 : null)])
      assert.match(up({ desired: () => 2, metric }).reason, missing);
    const low = up({ desired: () => 2, metric: () => 7 });
    assert.equal(low.verdict, 'inconclusive');
    for (const text of [low.reason, low.seen]) assert.doesNotMatch(text, missing);
  });

  it('should be open for a load that asks for nothing, is not delivered, or fails', () => {
    assert.match(
      up({ desired: () => 2, metric: () => 74 }).reason,
      /did not raise the metric above its target: at most 106 %/,
    );
    const undelivered = up({ desired: grows, load: { perSecond: 40, offered: 50 } });
    assert.deepEqual([undelivered.verdict, /not delivered/.test(undelivered.reason)], ['inconclusive', true]);
    const failed = up({ desired: () => 2, load: { over: { outcome: 'failed', reason: 'no script' } } });
    assert.match(failed.reason, /failed: no script/);
    assert.match(up({ desired: () => 2, lastS: 40, loadS: 40 }).reason, /not seen in 40 s, the goal is 60 s/);
    assert.equal(judge({ check: 'scaling/backend/up', goals: UP_GOALS, seen: [] }).verdict, 'inconclusive');
  });

  it('should not judge the latency by a handful of requests', () => {
    assert.match(up({ desired: grows, load: { perSecond: 1 } }).reason, /too few requests/);
  });
});

describe('scaling/ai/up', () => {
  const queue = (second: number): number | null => (second > 10 ? 180 : 0);
  const story: Story = {
    desired: (s) => (s < 20 ? 2 : 4),
    metric: queue,
    lastS: 100,
    loadS: 40,
    spec: { max: 4 },
  };
  const up = (of: Partial<Story> = {}, more: Seen[] = []) =>
    judge({
      check: 'scaling/ai/up',
      cut: true,
      goals: { decisionSeconds: 60, readySeconds: 90, deliveredShare: 0.98 },
      seen: [...tell({ ...story, ...of }), ...more],
    });

  it('should follow the chain from the first tender to ready pods, whatever the latency is', () => {
    const judgement = up({ load: { perSecond: 8, latencyAt: () => 3000 } });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(
      judgement.reason,
      /^more pods desired after 20 s, ready after 30 s \(metric 15 s, decision 5 s\)$/,
    );
    assert.doesNotMatch(JSON.stringify([judgement.figures, judgement.expected]), /latency|p95/);
    const { target, marks, derivation } = scalingDetailSchema.parse(judgement.scaling);
    assert.equal(target, 'AI service');
    assert.deepEqual(
      marks.map(({ name, expected }) => [name, expected]),
      [
        ['metric crossed', null],
        ['more pods desired', null],
        ['pods ready', null],
      ],
    );
    assert.match(derivation, /^sync 15 s, .*stabilisation 0 s up and 60 s down/);
  });

  it('should fail a late decision, late pods, and a maximum that allows none', () => {
    const slow = { lastS: 150, loadS: 120 };
    assert.match(
      up({ ...slow, desired: (s) => (s < 80 ? 2 : 4) }).reason,
      /desired after 80 s, the goal is 60 s/,
    );
    assert.match(up({ ...slow, lag: 85 }).reason, /ready after 105 s, the goal is 90 s/);
    const stuck = up({ ...slow, desired: () => 2, spec: { max: 2 } });
    assert.equal(stuck.verdict, 'fail');
    assert.match(stuck.reason, /stuck at the maximum of 2: .*, so no pod was added/);
    // No client waits for a job, so a queue that keeps growing at the maximum misses no goal.
    assert.equal(up({ load: { perSecond: 8, latencyAt: () => 9000 } }).verdict, 'pass');
  });

  it('should fail what is not as before afterwards, also where the goals were met', () => {
    const scale = { desired: 4, ready: 4, total: 4, min: 2, max: 4, stabilisationDownS: 60, load: 1.2 };
    const left = up({}, [['not-back', { t: at(99), scale, waitedMs: 480_000 }]]);
    assert.equal(left.verdict, 'fail');
    assert.match(
      left.reason,
      /^the AI service and its queue were not as before 480 s after the load: 4 pods desired/,
    );
    const unseen = up({}, [['queue-unseen', { t: at(99) }]]);
    assert.equal(unseen.verdict, 'inconclusive');
    assert.match(unseen.reason, /^whether the queue is as before is unknown/);
    const busy = judge({ check: 'scaling/ai/up', goals: {}, seen: [['not-at-minimum', { scale }]] });
    assert.match(busy.reason, /^the AI service had not settled at its minimum/);
  });
});
