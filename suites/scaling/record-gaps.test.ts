import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../_testing/histories.ts';
import type { Seen } from '../_testing/histories.ts';
import { at, conditionsOf, tell } from './_testing/histories.ts';

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
  it('should hold the conditions of the autoscaler against its figures', () => {
    const [able, active, limited] = conditionsOf(false);
    const scaled = conditionsOf(true);
    const within = [scaled[0], active, limited];
    const few = { type: 'ScalingLimited', status: 'True', reason: 'TooFewReplicas', message: '' };
    const kept: unknown = { ...Object(able), reason: 'ScaleDownStabilized' };
    const raise = { desired: 3, current: 2, conditions: within };
    const cpu = (value: number) => ({ metrics: [{ name: 'cpu', value, target: 70 }] });
    for (const [second, fields, gap] of [
      [-20, { conditions: [] }, /a status has a metric, but not all conditions/],
      [-20, { conditions: [able, active, limited, limited] }, /but not all conditions/],
      [-20, { conditions: [{ ...Object(able), status: 'False' }, active, limited] }, /AbleToScale is False/],
      [-20, { conditions: scaled }, /a status says that it scales/],
      [30, { ...raise, ...cpu(100), conditions: [kept, active, limited] }, /a status says that it scales/],
      [-20, { conditions: [able, active, few], ...cpu(100) }, /a status reports a limit/],
      [30, { ...raise, ...cpu(1000) }, /a status desires more or fewer pods than its metric asks for/],
      [30, { ...raise, ...cpu(60) }, /a status desires more or fewer pods than its metric asks for/],
    ] as [number, Record<string, unknown>, RegExp][]) {
      const seen = tell({ desired: grows, load: LOAD }).map(([kind, one]): Seen => [
        kind,
        kind === 'hpa' && one?.['t'] === at(second) ? { ...one, ...fields } : one,
      ]);
      assert.match(judge({ check: 'scaling/backend/up', goals: GOALS, seen, cut: true }).reason, gap);
    }
  });

  it('should hold the autoscaler of KEDA against its own minimum, not against the pods that KEDA leaves', () => {
    const few = { type: 'ScalingLimited', status: 'True', reason: 'TooFewReplicas', message: '' };
    const [able, active, limited] = conditionsOf(false);
    const value = (of: number) => ({ metrics: [{ name: 'cpu', value: of, target: 70 }] });
    const reasonOf = (own: object, fields: Record<string, unknown>): string => {
      const told = tell({
        desired: (second) => (second < 30 ? 0 : 4),
        spec: { min: 0, ...own },
        load: LOAD,
      });
      const seen = told.map(([kind, one]): Seen => [
        kind,
        kind === 'hpa' && one?.['t'] === at(120) ? { ...one, ...fields } : one,
      ]);
      return judge({ check: 'scaling/backend/up', goals: GOALS, seen, cut: true }).reason;
    };
    const drained = { desired: 1, current: 1, conditions: [able, active, few], ...value(0) };
    assert.doesNotMatch(reasonOf({ ownMin: 1 }, drained), /reports a limit/);
    // As an older record has it.
    assert.match(reasonOf({}, drained), /a status reports a limit/);
    assert.match(reasonOf({ ownMin: 2 }, drained), /a status reports a limit/);
    const scaled: unknown = { ...Object(able), reason: 'SucceededRescale' };
    const raised = { desired: 4, current: 1, conditions: [scaled, active, limited], ...value(1000) };
    assert.match(reasonOf({ ownMin: 1 }, raised), /a status desires more or fewer pods/);
  });

  it('should hold how the load began and how the pods were looked at against what is known of both', () => {
    const reasonOf = (bentKind: string, fields: Record<string, unknown>, from = -Infinity): string => {
      const seen = tell({ desired: grows, load: LOAD }).map(([kind, one]): Seen => [
        kind,
        kind === bentKind && Number(one?.['t']) >= from ? { ...one, ...fields } : one,
      ]);
      return judge({ check: 'scaling/backend/up', goals: PATIENT, seen, cut: true }).reason;
    };
    assert.match(
      reasonOf('load-begun', { t: at(-70) }),
      /start of the load is not between the start and the result of its engine/,
    );
    assert.match(
      reasonOf('hpa-spec', { min: 1 }),
      /2 pods were desired when the load began, expected was the minimum of 1/,
    );
    assert.match(
      reasonOf('hpa-spec', { measures: [] }),
      /not sound: how 0 of its 1 metrics are measured is recorded/,
    );
    assert.match(
      reasonOf('hpa-spec', { measures: [{ type: 'cpu', by: 'Utilization' }] }),
      /not sound: it has a metric of the type cpu, which is not known/,
    );
    assert.match(reasonOf('hpa-watched', { looks: 500, longestGapMs: 5500 }), /not observed all the time/);
    assert.match(
      reasonOf('hpa-watched', { looks: 640, longestGapMs: 4000 }),
      /do not fit into the time of observation/,
    );
    assert.match(reasonOf('scaled-pods', { ready: 5, total: 5 }, at(50)), /ready sooner than they can start/);
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

  const bent = (bend: (kind: string, one: Record<string, unknown>) => Record<string, unknown>): string =>
    judge({
      check: 'scaling/backend/up',
      goals: PATIENT,
      cut: true,
      seen: tell({ desired: grows, load: LOAD }).map(([kind, one = {}]): Seen => [kind, bend(kind, one)]),
    }).reason;
  const when = (one: Record<string, unknown>): number => Number(one['t']);

  it('should take what it counted before anybody looked, and want it to count what stays', () => {
    // It shrank to its minimum right before: what it says of that is some seconds old.
    const shrunk = bent((kind, one) =>
      kind === 'hpa' && when(one) < at(-10) ? { ...one, current: 3, desired: 3 } : one,
    );
    assert.doesNotMatch(shrunk, /pods than its Deployment had/);
    const strange = bent((kind, one) =>
      kind === 'hpa' && when(one) > at(60) ? { ...one, current: 5, desired: 5 } : one,
    );
    assert.match(strange, /counts more or fewer pods than its Deployment had/);
    const seen = tell({ desired: grows, load: LOAD });
    const first = seen.findIndex(([kind, one]) => kind === 'hpa' && Number(one?.['t']) === at(40));
    const behind = seen.filter(([kind], index) => kind !== 'hpa' || index < first);
    const { reason } = judge({ check: 'scaling/backend/up', goals: PATIENT, seen: behind, cut: true });
    assert.match(reason, /counts more or fewer pods than its Deployment had/);
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
    assert.match(reasonOf({ min: 2, max: 4 }), /its limits are 2 to 5 pods, declared are 2 to 4/);
  });
});

it('should hold the record of the way down, and of tenders, against the same', () => {
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
  const down = tell({ desired: grows, load: LOAD }).map(([kind, one]): Seen => [
    kind,
    kind === 'hpa-spec' ? { ...one, max: 1 } : one,
  ]);
  const goals = { extraSeconds: 900, failedRequests: 1000, flapSeconds: 1 };
  const { reason } = judge({ check: 'scaling/backend/down', goals, seen: down, cut: true });
  assert.match(reason, /the record of the autoscaler is not sound: its limits of 2 to 1 pods/);
});

it('should know how long what was raised stays, and that every load that was started ended', () => {
  const goals = { extraSeconds: 900, failedRequests: 1000, flapSeconds: 1 };
  const shrinks = (second: number): number => (second < 30 ? 2 : second < 110 ? 4 : 2);
  const reasonOf = (stabilisationDownS: number, more: object = {}): string => {
    const seen = tell({ desired: shrinks, loadS: 60, lastS: 200, spec: { stabilisationDownS, ...more } });
    return judge({ check: 'scaling/backend/down', goals, seen, cut: true }).reason;
  };
  assert.doesNotMatch(reasonOf(60), /sooner than its settings allow|not seen to end/);
  assert.match(reasonOf(600), /it scaled down sooner than its settings allow/);
  // Nobody stated it: the controller's flag may say less than its default.
  assert.doesNotMatch(reasonOf(300, { stabilisationDownStated: false }), /sooner than its settings allow/);
  assert.match(reasonOf(300), /it scaled down sooner than its settings allow/);
  const open = tell({ desired: grows, load: LOAD }).filter(([kind]) => kind !== 'load-ended');
  const unended = judge({ check: 'scaling/backend/up', goals: GOALS, seen: open, cut: true });
  assert.match(unended.reason, /the end of a load is not recorded/);
  const twice = tell({ desired: grows, load: LOAD }).flatMap((one): Seen[] =>
    one[0] === 'load-ended' ? [one, one] : [one],
  );
  const unbegun = judge({ check: 'scaling/backend/up', goals: PATIENT, seen: twice, cut: true });
  assert.match(unbegun.reason, /the start of a load is not recorded/);
  const none = tell({ desired: grows, load: LOAD }).map(([kind, one]): Seen => [
    kind,
    kind === 'hpa' && one?.['t'] === at(-20) ? { ...one, current: 0, desired: 2 } : one,
  ]);
  const { reason } = judge({ check: 'scaling/backend/up', goals: GOALS, seen: none, cut: true });
  assert.match(reason, /counts more or fewer pods than its Deployment had/);
});
