import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scalingDetailSchema } from '../../record/load-detail.ts';
import type { LoadSecond } from '../../record/load-result.ts';
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
  metricResolutionS: 10,
  lookEverySeconds: 0.25,
};

interface Story {
  /** Seconds since the start of the load → pods desired. */
  desired: (second: number) => number;
  metric?: (second: number) => number | null;
  /** Seconds that a pod needs until it is ready, or is gone. */
  lag?: number;
  /** Pods that are ready, where that does not follow from what is desired. */
  ready?: (second: number) => number;
  /** Seconds that the load rises. */
  rampS?: number;
  lastS?: number;
  loadS?: number;
  spec?: Partial<typeof SPEC>;
  load?: InventedLoad;
  conditions?: unknown[];
}

const at = (second: number): number => START + second * 1000;

function tell(of: Story): Seen[] {
  const { lastS = 150, loadS = 150, rampS = 0, spec, load = {} } = of;
  const startedAt = new Date(Date.parse('2026-01-01T00:00:00Z') + START).toISOString();
  const result = inventedLoad({ seconds: loadS, ...load, over: { startedAt, ...load.over } });
  const looks = Array.from({ length: Math.floor((lastS + 20) / 5) + 1 }, (_, index) => index * 5 - 20);
  return [
    ['hpa-spec', { t: at(-20), ...SPEC, ...spec }],
    ['phase', { t: at(0), name: 'load-start', rates: { rampSeconds: rampS } }],
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
    ['replicas', { t: at(second), ready: of.ready?.(second) ?? there, total }],
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
    assert.match(fast.reason, /with failed requests as slow ones, was above 500 ms to the end/);
    const few = up({ desired: grows, load: { failedAt: () => 2, latencyAt: () => 1 } });
    assert.equal(few.verdict, 'pass');
  });

  const changed = (change: (second: LoadSecond) => Partial<LoadSecond>): InventedLoad => ({
    over: {
      seconds: inventedLoad({ seconds: 150 }).seconds.map((second) => ({ ...second, ...change(second) })),
    },
  });

  it('should take silence for a miss where requests were sent, whatever was before', () => {
    const silent = { requests: 0, iterations: 0, latency: [] };
    const hung = up({ desired: grows, load: changed(({ atMs }) => (atMs >= 140_000 ? silent : {})) });
    assert.equal(hung.verdict, 'fail');
    assert.match(hung.reason, /to the end of the load, 150 s/);
    const quiet = { ...silent, offered: 1, started: 1 };
    const unknown = up({ desired: grows, load: changed(({ atMs }) => (atMs >= 140_000 ? quiet : {})) });
    assert.equal(unknown.verdict, 'inconclusive');
    assert.match(unknown.reason, /too few answers at the end of the load/);
  });

  it('should not pass where it hangs on iterations that were never begun', () => {
    const dropping = { started: 30, requests: 30, iterations: 30, dropped: 20, latency: [[60_000, 30]] as [number, number][] };
    const judgement = up({ desired: grows, load: changed(({ atMs }) => (atMs >= 145_000 ? dropping : {})) });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /it hangs on iterations that were dropped: if they were slow, p95/);
  });

  it('should demand that every further wish is met as well', () => {
    const wishes: Story = {
      desired: (s) => (s < 30 ? 2 : s < 100 ? 3 : 5),
      ready: (s) => (s < 40 ? 2 : 3),
      spec: { max: 8 },
    };
    const never = up(wishes);
    assert.equal(never.verdict, 'fail');
    assert.match(never.reason, /the raise from 3 to 5 pods was never met \(watched for 50 s\), 30 s are allowed/);
    const short = up({ ...wishes, lastS: 115, loadS: 115 });
    assert.equal(short.verdict, 'inconclusive');
    assert.match(short.reason, /the raise from 3 to 5 pods was not met when the load ended, 15 s after it/);
    const met = up({ ...wishes, ready: (s) => (s < 40 ? 2 : s < 120 ? 3 : 5) });
    assert.equal(met.verdict, 'pass', met.reason);
    const late = up({ ...wishes, ready: (s) => (s < 40 ? 2 : s < 140 ? 3 : 5) });
    assert.match(late.reason, /was met after 40 s, 30 s are allowed/);
    const withdrawn = up({ ...wishes, desired: (s) => (s < 30 ? 2 : s >= 100 && s < 120 ? 5 : 3) });
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

  it('should say so where there is no autoscaler, or no longer, or no rest before the load', () => {
    const missing = (kind: string, fields: Record<string, unknown>) =>
      judge({ check: 'scaling/backend/up', goals: UP_GOALS, seen: [[kind, fields]] });
    const none = missing('hpa-missing', { deployment: 'tender/tender-api' });
    assert.equal(none.verdict, 'inconclusive');
    assert.match(none.reason, /^no autoscaler resizes Deployment tender\/tender-api/);
    const scale = { desired: 4, ready: 3, total: 4, min: 2, max: 5 };
    assert.match(
      missing('not-at-minimum', { scale }).reason,
      /^the backend was not at rest at its minimum before the load: 4 pods desired, 3 of 4 ready, the minimum is 2/,
    );
    const lost: Seen = ['hpa-missing', { t: at(50), deployment: 'tender/tender-api' }];
    const gone = judge({
      ...{ check: 'scaling/backend/up', goals: UP_GOALS, cut: true },
      seen: [...tell({ desired: () => 2 }), lost],
    });
    assert.equal(gone.verdict, 'inconclusive');
    assert.match(gone.reason, /went away while it was observed/);
  });

  it('should flag what is outside of the times that the settings let expect', () => {
    const judgement = up({ desired: grows, spec: { stabilisationUpS: 45 } });
    assert.equal(judgement.verdict, 'pass');
    assert.match(judgement.findings[0]?.seen ?? '', /30 s: faster than expected/);
    assert.match(judgement.findings[0]?.expected ?? '', /stabilisation 45 s up .* looked at every 0\.25 s/);
    assert.match(judgement.findings[0]?.expected ?? '', /resolution 10 s \(twice\)/);
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

  it('should not take what the autoscaler did before the load for an answer to it', () => {
    const settled = down({ desired: (s) => (s < -10 ? 4 : shrinks(240)(s)) });
    assert.equal(settled.verdict, 'pass', settled.reason);
    const idle = down({ desired: (s) => (s < -10 ? 4 : 2) });
    assert.match(idle.reason, /never more than 2 pods: nothing to take away/);
  });

  const LOADS = { firstEnds: 60, fewUntil: 93, secondEnds: 153 };
  /** Two teeth (suites/scaling/backend.ts): much load, 30 s of few and 3 s between two engines, much load, then few until the end. */
  const teeth = (desired: (second: number) => number, stabilisationDownS: number): Seen[] => {
    const { firstEnds, fewUntil, secondEnds } = LOADS;
    const phases: [number, string][] = [
      [0, 'load-start'],
      [firstEnds, 'load-end'],
      [fewUntil - 3, 'load-end'],
      [fewUntil, 'load-start'],
      [secondEnds, 'load-end'],
      [330, 'load-end'],
    ];
    return tell({ desired, spec: { stabilisationDownS }, lastS: 340, loadS: 330 })
      .filter(([kind]) => kind !== 'phase')
      .flatMap((one): Seen[] => (one[0] === 'hpa-spec' ? [one, ...phases.map(phase)] : [one]));
  };
  const phase = ([second, name]: [number, string]): Seen => ['phase', { t: at(second), name }];

  /** When the controller looks, s after full quarters of a minute, and by how much later its metric tells of less and of more load. */
  interface Lags {
    looks: number;
    less: number;
    more: number;
  }

  /** Kubernetes' controller: every 15 s a recommendation, and downwards the highest of those of the window. */
  const controller = (windowS: number, { looks, less, more }: Lags) => {
    const { firstEnds, fewUntil, secondEnds } = LOADS;
    const asks = (s: number): number =>
      (s >= more && s < firstEnds + less) || (s >= fewUntil + more && s < secondEnds + less) ? 4 : 2;
    const desired: [number, number][] = [[-Infinity, 2]];
    const asked: [number, number][] = [];
    for (let s = looks; s < 340; s += 15) {
      asked.push([s, asks(s)]);
      const kept = asked.filter(([t]) => t > s - windowS || t === s).map(([, count]) => count);
      const before = desired.at(-1)?.[1] ?? 2;
      desired.push([s, Math.max(asks(s), Math.min(before, Math.max(...kept)))]);
    }
    return (second: number): number => desired.findLast(([s]) => s <= second)?.[1] ?? 2;
  };

  it('should pass an autoscaler that remembers longer than a tooth lasts, and fail one that forgets, whenever it looks', () => {
    for (const [less, more] of [[2, 5], [2, 12], [8, 8], [10, 20]] as [number, number][])
      for (let looks = 0; looks < 15; looks += 1) {
        const told = (windowS: number) => teeth(controller(windowS, { looks, less, more }), windowS);
        const judged = (windowS: number) =>
          judge({ check: 'scaling/backend/down', goals, seen: told(windowS), cut: true });
        const healthy = judged(60);
        assert.equal(healthy.verdict, 'pass', `${looks}, ${less}, ${more}: ${healthy.reason}`);
        const forgetful = judged(0);
        assert.equal(forgetful.verdict, 'fail', `${looks}, ${less}, ${more}: ${forgetful.reason}`);
        assert.match(forgetful.reason, /^flapping: pods were added again once within 300 s of taking some away/);
      }
  });

  it('should be open when a load was killed, whatever the other says', () => {
    const [load] = tell({ desired: () => 2 }).filter(([kind]) => kind === 'load');
    assert.ok(load);
    const others = tell({ desired: shrinks(240), lastS: 320 }).filter(([kind]) => kind !== 'load');
    const begun: Seen = ['load-start', { engine: 'embedded' }];
    const killed = judge({ check: 'scaling/backend/down', goals, seen: [...others, begun, load, begun], cut: true });
    assert.equal(killed.verdict, 'inconclusive');
    assert.match(killed.reason, /1 of 2 loads ended without a result: killed\?/);
  });

  it('should not know whether requests that were dropped would have failed', () => {
    const judgement = down({ desired: shrinks(240), load: { perSecond: 99, offered: 100 } });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /150 requests were dropped/);
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

  it('should count a pod that was never ready as a start that took longer than any goal', () => {
    const seen = (never: number): Seen[] => [
      ...Array.from({ length: 60 - never }, (_, i): Seen => [
        'pod-started',
        { pod: `pod-${i}`, createdAt: 0, readyAt: 1000, imagePresent: true, initContainers: 0 },
      ]),
      ...Array.from({ length: never }, (_, i): Seen => ['pod-not-started', { pod: `never-${i}`, reason: 'waited' }]),
    ];
    const startup = (never: number) =>
      judge({ check: 'scaling/pods/startup', goals: { p99Seconds: 5 }, seen: seen(never) });
    assert.equal(startup(0).verdict, 'pass');
    const one = startup(1);
    assert.equal(one.verdict, 'inconclusive');
    assert.equal(one.findings[0]?.seen, 'not ready: waited');
    const many = startup(4);
    assert.equal(many.verdict, 'fail');
    assert.match(many.reason, /^p99 of 60 starts is above any time \(never ready\)/);
  });

  it('should read dates as well as clock readings', () => {
    const dated = startup(60, () => 0, {
      createdAt: '2026-01-01T00:00:00Z',
      readyAt: '2026-01-01T00:00:02Z',
    });
    assert.equal(dated.verdict, 'pass');
  });
});
