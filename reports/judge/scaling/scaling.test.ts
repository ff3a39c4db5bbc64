import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scalingDetailSchema } from '../../record/load-detail.ts';
import { inventedLoad } from '../slo/testing.ts';
import type { InventedLoad } from '../slo/testing.ts';
import { judge } from '../topology/testing.ts';
import type { Seen } from '../topology/testing.ts';

/** The history's clock when the load began; the wall clock of invented loads is the anchor's. */
const START = 100_000;
const UP_GOALS = { decisionSeconds: 60, readySeconds: 90, latencySeconds: 120, p95Ms: 500 };
const SPEC = {
  min: 2,
  max: 5,
  targetUtilisation: 70,
  stabilisationUpS: 0,
  stabilisationDownS: 60,
  policies: [],
};

interface Story {
  /** Seconds since the start of the load → pods desired. */
  desired: (second: number) => number;
  metric?: (second: number) => number | null;
  /** Seconds that a pod needs until it is ready, or is gone. */
  lag?: number;
  lastS?: number;
  loadS?: number;
  spec?: Partial<typeof SPEC>;
  load?: InventedLoad;
  conditions?: unknown[];
}

const at = (second: number): number => START + second * 1000;

function tell(of: Story): Seen[] {
  const { lastS = 150, loadS = 150, spec, load = {} } = of;
  const startedAt = new Date(Date.parse('2026-01-01T00:00:00Z') + START).toISOString();
  const result = inventedLoad({ seconds: loadS, ...load, over: { startedAt, ...load.over } });
  const looks = Array.from({ length: Math.floor((lastS + 20) / 5) + 1 }, (_, index) => index * 5 - 20);
  return [
    ['hpa-spec', { t: at(-20), ...SPEC, ...spec }],
    ['phase', { t: at(0), name: 'load-start' }],
    ...looks.flatMap((second) => look(of, second, loadS)),
    ['load', { t: at(loadS), result }],
    ['phase', { t: at(loadS), name: 'load-end' }],
    ['end', { t: at(lastS) }],
  ];
}

/** What is seen of the autoscaler and its pods in one second. */
function look(of: Story, second: number, loadS: number): Seen[] {
  const { lag = 10, conditions = [], metric = (s) => (s > 20 && s < loadS ? 100 : 20) } = of;
  const desired = of.desired(second);
  const there = of.desired(second - lag);
  const value = { name: 'cpu', value: metric(second), target: 70 };
  const total = second > loadS ? there : Math.max(there, desired);
  return [
    ['hpa', { t: at(second), desired, current: there, conditions, metric: value }],
    ['replicas', { t: at(second), ready: there, total }],
  ];
}

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
      /not within 60 s: more pods were desired \(watched for 150 s\)/,
    );
  });

  it('should flag what is outside of the times that the settings let expect', () => {
    const judgement = up({ desired: grows, spec: { stabilisationUpS: 45 } });
    assert.equal(judgement.verdict, 'pass');
    assert.match(judgement.findings[0]?.seen ?? '', /30 s: faster than expected/);
    assert.match(judgement.findings[0]?.expected ?? '', /stabilisation 45 s up/);
  });

  it('should fail at a maximum that allows no more pods, or not enough', () => {
    const one = up({ desired: () => 1, spec: { min: 1, max: 1 } });
    assert.equal(one.verdict, 'fail');
    assert.match(
      one.reason,
      /stuck at the maximum of 1: cpu at 143 % of its target, and no pod may be added/,
    );
    const few = up({ desired: (s) => (s < 30 ? 2 : 5), load: slowUntil(999) });
    assert.match(few.reason, /stuck at the maximum of 5: .* the latency goal was not met again/);
    // At the maximum with all goals met there is nothing to complain of.
    assert.equal(up({ desired: (s) => (s < 30 ? 2 : 5) }).verdict, 'pass');
  });

  it('should be open without a metric, saying why', () => {
    const conditions = [
      {
        type: 'ScalingActive',
        status: 'False',
        reason: 'FailedGetResourceMetric',
        message: 'no metrics known',
      },
    ];
    const judgement = up({ desired: () => 2, metric: () => null, conditions });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(
      judgement.reason,
      /no metric: ScalingActive=False FailedGetResourceMetric: no metrics known/,
    );
  });

  it('should not take the metric that is left in the status for one, nor a metric that goes away for a slow decision', () => {
    const conditions = [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' }];
    assert.match(up({ desired: () => 2, conditions }).reason, /has no metric: ScalingActive=False/);
    const lost = up({ desired: () => 2, metric: (s) => (s < 30 ? 100 : null) });
    assert.deepEqual(
      [lost.verdict, /without a metric for a while/.test(lost.reason)],
      ['inconclusive', true],
    );
  });

  it('should be open for a load that asks for nothing, is not delivered, or fails', () => {
    assert.match(
      up({ desired: () => 2, metric: () => 74 }).reason,
      /did not lift the metric over its target: 106 %/,
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

describe('scaling/backend/down', () => {
  const goals = { extraSeconds: 60, failedRequests: 0 };
  const down = (of: Story) =>
    judge({ check: 'scaling/backend/down', goals, seen: tell({ lastS: 320, ...of }), cut: true });
  const shrinks = (at: number) => (second: number) => (second < 30 || second >= at ? 2 : 4);

  it('should pass when it is back within the stabilisation window and a minute', () => {
    const judgement = down({ desired: shrinks(240) });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /back at 2 pods 100 s after the load/);
    assert.ok(judgement.scaling);
  });

  it('should fail when it comes back late or not at all', () => {
    assert.match(down({ desired: shrinks(290) }).reason, /back at 2 pods after 150 s, the goal is 120 s/);
    assert.match(
      down({ desired: shrinks(999) }).reason,
      /not back at 2 pods within 120 s \(watched for 170 s\)/,
    );
    assert.equal(down({ desired: shrinks(999), lastS: 200 }).verdict, 'inconclusive');
  });

  it('should call a saw-tooth flapping, with the number of times', () => {
    const judgement = down({
      desired: (s) => (s < 30 || s > 170 ? 2 : Math.floor(s / 30) % 2 === 1 ? 5 : 2),
      spec: { stabilisationDownS: 0 },
    });
    assert.equal(judgement.verdict, 'fail');
    assert.match(
      judgement.reason,
      /^flapping: pods were added again 2 times within 300 s of taking some away, first after 30 s/,
    );
  });

  it('should fail for a single failed request, and show the overshoot', () => {
    const judgement = down({ desired: shrinks(240), load: { failedAt: (second) => Number(second === 9) } });
    assert.match(judgement.reason, /1 of 7500 requests failed/);
    const peak = down({ desired: (s) => (s < 30 || s >= 240 ? 2 : s < 60 ? 5 : 4) });
    assert.equal(peak.figures.find(({ name }) => name.startsWith('overshoot'))?.value, 1);
  });

  it('should be open when there was nothing to take away', () => {
    assert.match(down({ desired: () => 2 }).reason, /never more than 2 pods/);
    assert.match(judge({ check: 'scaling/backend/down', goals, seen: [] }).reason, /no load was recorded/);
  });
});

describe('scaling/pods/startup', () => {
  const startup = (count: number, tookMs: (index: number) => number, more: Record<string, unknown> = {}) =>
    judge({
      check: 'scaling/pods/startup',
      goals: { p99Seconds: 5 },
      seen: Array.from({ length: count }, (_, i): Seen => [
        'pod-started',
        {
          pod: `pod-${i}`,
          createdAt: 1000,
          startedAt: 1500,
          readyAt: 1000 + tookMs(i),
          imagePresent: true,
          initContainers: 0,
          ...more,
        },
      ]),
    });

  it('should claim a p99 from 299 starts on, and a p95 from 59 on', () => {
    const many = startup(299, (i) => 1000 + i);
    assert.equal(many.verdict, 'pass');
    assert.match(many.reason, /^p99 of 299 starts at most 1\.30 s/);
    const some = startup(59, (i) => 1000 + i);
    assert.equal(some.verdict, 'pass');
    assert.match(some.reason, /^p95 of 59 starts .*; a p99 is claimed from 299 starts on/);
    assert.match(
      String(some.figures.find(({ name }) => name.endsWith('p99'))?.value),
      /299 starts are needed/,
    );
  });

  it('should be open with fewer, and fail with any number that is slow enough', () => {
    const few = startup(20, () => 1000);
    assert.equal(few.verdict, 'inconclusive');
    assert.match(few.reason, /59 and 299 would/);
    assert.equal(startup(20, (i) => (i < 3 ? 9000 : 1000)).verdict, 'fail');
    assert.equal(startup(300, () => 5200).verdict, 'fail');
    assert.equal(startup(100, (i) => (i < 4 ? 6000 : 1000)).verdict, 'fail');
  });

  it('should not count starts that pulled an image or ran init containers', () => {
    const pulled = startup(300, () => 1000, { imagePresent: false });
    assert.equal(pulled.verdict, 'inconclusive');
    assert.match(pulled.findings[0]?.seen ?? '', /the image was pulled first/);
    assert.match(startup(5, () => 1000, { initContainers: 1 }).findings[0]?.seen ?? '', /init containers/);
  });

  it('should read dates as well as clock readings', () => {
    const dated = startup(60, () => 0, {
      createdAt: '2026-01-01T00:00:00Z',
      readyAt: '2026-01-01T00:00:02Z',
    });
    assert.equal(dated.verdict, 'pass');
  });
});
