import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';
import { at, tell } from '../../_testing/histories.ts';
import type { Story } from '../../_testing/histories.ts';

describe('scaling/backend/down', () => {
  const goals = { extraSeconds: 60, failedRatio: 0.001, flapSeconds: 300, deliveredShare: 0.98 };
  const down = (of: Story) =>
    judge({ check: 'scaling/backend/down', goals, seen: tell({ lastS: 320, ...of }), cut: true });
  const shrinks = (at: number) => (second: number) => (second < 30 || second >= at ? 2 : 4);

  it('should pass when it is back within the stabilisation window and a minute', () => {
    const judgement = down({ desired: shrinks(240) });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /back at 2 pods 100 s after the load/);
    // The load ends 150 s after it began: times after the load count from there.
    const [back] = judgement.scaling?.marks ?? [];
    assert.deepEqual([back?.atMs, back?.sinceMs], [100_000, 150_000]);
    assert.equal(judgement.load?.script.startsWith('/'), false);
  });

  it('should fail when it comes back late or not at all', () => {
    assert.match(down({ desired: shrinks(290) }).reason, /back at 2 pods after 150 s, the goal is 120 s/);
    assert.match(
      down({ desired: shrinks(999) }).reason,
      /not back at 2 pods within 120 s \(watched for 170 s\)/,
    );
    assert.equal(down({ desired: shrinks(999), lastS: 200 }).verdict, 'inconclusive');
  });

  it('should allow the time that the policies of the autoscaler take', () => {
    const slow = (policiesDown: object[], more: object = {}) =>
      down({
        desired: (s) => (s < 30 ? 2 : s < 240 ? 4 : s < 300 ? 3 : 2),
        spec: { policiesDown, ...more } as object,
      });
    assert.match(slow([]).reason, /back at 2 pods after 160 s, the goal is 120 s/);
    const allowed = slow([{ percent: 10, periodSeconds: 60 }]);
    assert.equal(allowed.verdict, 'pass', allowed.reason);
    assert.match(slow([{ pods: 2, periodSeconds: 60 }]).reason, /the goal is 120 s/);
    // A minute for the second pod, and a look of the controller more, since each comes a little later than 15 s after the last.
    const lastAt = (at: number) =>
      down({
        desired: (s) => (s < 30 ? 2 : s < 240 ? 4 : s < at ? 3 : 2),
        lastS: 400,
        spec: { policiesDown: [{ pods: 1, periodSeconds: 60 }] } as object,
      });
    assert.equal(lastAt(325).verdict, 'pass', lastAt(325).reason);
    assert.match(lastAt(345).reason, /back at 2 pods after 205 s, the goal is 195 s/);
    const never = down({ desired: shrinks(999), spec: { selectDown: 'Disabled' } as object });
    assert.equal(never.verdict, 'inconclusive', never.reason);
    assert.match(never.reason, /its policies take no pod away \(behavior\.scaleDown\)/);
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
    const settled = down({ desired: (s) => (s < -15 ? 4 : shrinks(240)(s)) });
    assert.equal(settled.verdict, 'pass', settled.reason);
    const idle = down({ desired: (s) => (s < -15 ? 4 : 2) });
    assert.match(idle.reason, /never more than 2 pods, so no scale-down could be seen/);
  });

  const LOADS = { firstEnds: 60, fewUntil: 93, secondEnds: 153 };
  /**
   * Two teeth (observe.ts): much load, 30 s of few and 3 s between two engines, much load, then few until the end. One load
   * stands for them all, and so does its end.
   */
  const teeth = (desired: (second: number) => number, stabilisationDownS: number): Seen[] => {
    const { fewUntil, secondEnds } = LOADS;
    const phases: [number, 'load-begun' | 'load-ended'][] = [
      [0, 'load-begun'],
      [fewUntil, 'load-begun'],
      [secondEnds, 'load-ended'],
    ];
    return tell({ desired, spec: { stabilisationDownS }, lastS: 340, loadS: 330 })
      .filter(([kind]) => kind !== 'load-ended')
      .flatMap((one): Seen[] => (one[0] === 'load-begun' ? phases.map(phase) : [one]));
  };
  const phase = ([second, kind]: [number, 'load-begun' | 'load-ended']): Seen => [
    kind,
    { t: at(second), ...(kind === 'load-begun' && { perSecond: 50, rampSeconds: 0 }) },
  ];

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
    for (const [less, more] of [
      [2, 5],
      [2, 12],
      [8, 8],
      [10, 20],
    ] as [number, number][])
      for (let looks = 0; looks < 15; looks += 1) {
        const told = (windowS: number) => teeth(controller(windowS, { looks, less, more }), windowS);
        const judged = (windowS: number) =>
          judge({ check: 'scaling/backend/down', goals, seen: told(windowS), cut: true });
        const healthy = judged(60);
        assert.equal(healthy.verdict, 'pass', `${looks}, ${less}, ${more}: ${healthy.reason}`);
        const forgetful = judged(0);
        assert.equal(forgetful.verdict, 'fail', `${looks}, ${less}, ${more}: ${forgetful.reason}`);
        assert.match(
          forgetful.reason,
          /^flapping: pods were added again once within 300 s of taking some away/,
        );
      }
  });

  it('should not know whether requests that were dropped would have failed', () => {
    const judgement = down({ desired: shrinks(240), load: { perSecond: 99, offered: 100 } });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /150 requests were dropped/);
  });

  it('should fail where more requests fail than may, and show the overshoot', () => {
    const failing = (count: number) =>
      down({ desired: shrinks(240), load: { failedAt: (second) => (second === 9 ? count : 0) } });
    assert.match(failing(8).reason, /8 of 7500 requests failed, at most 0\.1 % may/);
    assert.equal(failing(7).verdict, 'pass', failing(7).reason);
    const peak = down({ desired: (s) => (s < 30 || s >= 240 ? 2 : s < 60 ? 5 : 4) });
    assert.equal(peak.figures.find(({ name }) => name.startsWith('overshoot'))?.value, 1);
  });

  it('should be open when there was nothing to take away', () => {
    assert.match(down({ desired: () => 2 }).reason, /never more than 2 pods/);
    assert.match(judge({ check: 'scaling/backend/down', goals, seen: [] }).reason, /no load was recorded/);
  });
});
