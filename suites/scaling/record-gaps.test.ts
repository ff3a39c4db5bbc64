import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../_testing/histories.ts';
import type { Seen } from '../_testing/histories.ts';
import { at, tell } from './_testing/histories.ts';

const GOALS = {
  decisionSeconds: 60,
  readySeconds: 90,
  latencySeconds: 120,
  p95Ms: 500,
  deliveredShare: 0.98,
};
const PATIENT = { ...GOALS, decisionSeconds: 900, readySeconds: 900, latencySeconds: 900 };
const LOAD = { latencyAt: (second: number) => (second < 40 ? 900 : 60) };
const grows = (second: number): number => (second < 30 ? 2 : 4);

describe('the record of an autoscaler', () => {
  const bent = (bend: (kind: string, one: Record<string, unknown>) => Record<string, unknown>): string =>
    judge({
      check: 'scaling/backend/up',
      goals: PATIENT,
      cut: true,
      seen: tell({ desired: grows, load: LOAD }).map(([kind, one = {}]): Seen => [kind, bend(kind, one)]),
    }).reason;
  const when = (one: Record<string, unknown>): number => Number(one['t']);

  it('should want it at its minimum when the load begins, and watched all the time', () => {
    const reasonOf = (bentKind: string, fields: Record<string, unknown>): string =>
      bent((kind, one) => (kind === bentKind ? { ...one, ...fields } : one));
    assert.match(
      reasonOf('hpa-spec', { min: 1 }),
      /2 pods were desired when the load began, expected was the minimum of 1/,
    );
    assert.match(reasonOf('hpa-watched', { looks: 500, longestGapMs: 5500 }), /not observed all the time/);
  });

  it('should hold the load that was begun against the one that was planned', () => {
    const reasonOf = (rampSeconds: number): string => {
      const scaling = { lowPerSecond: 10, highPerSecond: 50, rampSeconds };
      const backend = { deployment: { namespace: 'tender', name: 'api' }, requestsPerSecond: 20, scaling };
      const edge = { url: 'https://edge.test', correlationHeader: 'x-mark', hops: [], backend };
      const settings = { topology: { edge } };
      const seen = tell({ desired: grows, load: LOAD });
      return judge({ check: 'scaling/backend/up', goals: GOALS, settings, seen, cut: true }).reason;
    };
    assert.doesNotMatch(reasonOf(0), /planned/);
    assert.match(reasonOf(30), /rises to 50 per second in 0 s, planned were 50 per second in 30 s/);
  });

  it('should not rest on a time at which no pod was ready', () => {
    const none = (from: number, to: number): string =>
      bent((kind, one) =>
        kind === 'scaled-pods' && when(one) >= at(from) && when(one) < at(to) ? { ...one, ready: 0 } : one,
      );
    assert.match(none(60, 65), /there was a time at which no pod was ready/);
    assert.match(none(-20, -15), /there was a time at which no pod was ready/);
    assert.doesNotMatch(
      bent((_, one) => one),
      /no pod was ready/,
    );
  });

  it('should hold what it may want against what is declared', () => {
    const reasonOf = (replicas: { min: number; max: number }): string => {
      const deployment = { namespace: 'tender', name: 'api' };
      const scaling = { lowPerSecond: 10, highPerSecond: 50, rampSeconds: 0 };
      const backend = { deployment, requestsPerSecond: 20, scaling };
      const edge = { url: 'https://edge.test', correlationHeader: 'x-mark', hops: [], backend };
      const workloads = [{ kind: 'Deployment', ...deployment, replicas }];
      const settings = { topology: { edge, workloads } };
      const seen = tell({ desired: grows, load: LOAD });
      return judge({ check: 'scaling/backend/up', goals: GOALS, settings, seen, cut: true }).reason;
    };
    assert.doesNotMatch(reasonOf({ min: 2, max: 5 }), /may want/);
    assert.doesNotMatch(reasonOf({ min: 1, max: 10 }), /may want/);
    assert.match(
      reasonOf({ min: 2, max: 4 }),
      /the limits of the autoscaler are 2 to 5 pods, declared are 2 to 4/,
    );
  });
});

it('should hold the load of tenders against the planned one', () => {
  const tender = (perSecond: number): string => {
    const ai = {
      deployment: { namespace: 'tender', name: 'ai' },
      scaling: { perSecond, modelDelayMs: 5000 },
    };
    const goals = { decisionSeconds: 900, readySeconds: 900 };
    const seen = tell({ desired: grows, load: { perSecond: 8 } });
    return judge({ check: 'scaling/ai/up', goals, settings: { ai }, seen, cut: true }).reason;
  };
  assert.doesNotMatch(tender(8), /planned/);
  assert.match(tender(5), /rises to 8 per second in 0 s, planned were 5 per second in 0 s/);
});

it('should want every load that was started to end', () => {
  const open = tell({ desired: grows, load: LOAD }).filter(([kind]) => kind !== 'load-ended');
  const unended = judge({ check: 'scaling/backend/up', goals: GOALS, seen: open, cut: true });
  assert.match(unended.reason, /the end of a load is not recorded/);
  const twice = tell({ desired: grows, load: LOAD }).flatMap((one): Seen[] =>
    one[0] === 'load-ended' ? [one, one] : [one],
  );
  const unbegun = judge({ check: 'scaling/backend/up', goals: PATIENT, seen: twice, cut: true });
  assert.match(unbegun.reason, /the start of a load is not recorded/);
});
