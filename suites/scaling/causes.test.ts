import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../_testing/histories.ts';
import type { Seen } from '../_testing/histories.ts';
import { at, conditionsOf, tell } from './_testing/histories.ts';
import type { Story } from './_testing/histories.ts';

const GOALS = {
  decisionSeconds: 60,
  readySeconds: 90,
  latencySeconds: 120,
  p95Ms: 500,
  deliveredShare: 0.98,
};
const TARGET = { namespace: 'tender', name: 'tender-api' };
const grows = (second: number): number => (second < 30 ? 2 : 4);

interface Told extends Story {
  more?: Seen[];
  settings?: Record<string, unknown>;
}

const up = ({ more = [], settings = {}, ...of }: Told): ReturnType<typeof judge> =>
  judge({
    check: 'scaling/backend/up',
    goals: GOALS,
    settings,
    cut: true,
    seen: [...tell(of), ...more].toSorted((a, b) => Number(a[1]?.['t']) - Number(b[1]?.['t'])),
  });

const figure = (judgement: ReturnType<typeof judge>, name: string): unknown =>
  judgement.figures.find((one) => one.name.startsWith(name))?.value;

describe('an autoscaler with several metrics', () => {
  /** CPU is above its target from the beginning on, and asks for three; the rate crosses at 25 s, and asks for four. */
  const both = (rate: (second: number) => number | null, cpu = 85) => ({
    spec: {
      metrics: ['cpu', 'rate'],
      measures: [
        { type: 'Resource', by: 'Utilization' },
        { type: 'Pods', by: 'AverageValue' },
      ],
    },
    metrics: (second: number) => [
      { name: 'cpu', value: second < 0 ? 20 : cpu, target: 70 },
      { name: 'rate', value: rate(second), target: 10 },
    ],
  });
  const late = (second: number): number => (second >= 25 && second < 150 ? 18 : 2);

  it('should be held against the metric that caused the decision, not the one that crossed first', () => {
    const judgement = up({ desired: grows, ...both(late) });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /by rate \(metric 25 s, decision 5 s\)/);
    assert.equal(figure(judgement, 'metric that caused'), 'rate (pods asked for: cpu 3, rate 4)');
    // Nobody knows how old a value of another source than metrics-server may be.
    assert.ok(judgement.scaling?.marks.every(({ expected }) => expected === null));
  });

  it('should be open where no metric asks for as many pods', () => {
    const few = up({ desired: grows, ...both(() => 5) });
    assert.equal(few.verdict, 'inconclusive');
    assert.match(few.reason, /no metric asks for the 4 pods that were desired \(cpu 3, rate 1\)/);
  });

  it('should be open where one without a value may have caused it, and name it', () => {
    const unknown = up({ desired: grows, ...both(() => null) });
    assert.equal(unknown.verdict, 'inconclusive');
    assert.match(
      unknown.reason,
      /which metric caused the scale-up from 2 to 4 pods is not known: .*\(cpu 3, rate unknown\)/,
    );
  });

  it('should not mind one without a value where another asks for as many', () => {
    const known = up({ desired: grows, ...both(() => null, 135) });
    assert.equal(known.verdict, 'pass', known.reason);
    assert.equal(figure(known, 'metric that caused'), 'cpu (pods asked for: cpu 4, rate unknown)');
  });

  it('should fail where another metric decided than the declared one, which asked for no more pods', () => {
    const by = (metric: string): Record<string, unknown> => {
      const scaling = { lowPerSecond: 1, highPerSecond: 50, rampSeconds: 0, metric };
      return { topology: { edge: { backend: { deployment: TARGET, scaling } } } };
    };
    const decided = (metric: string, of: ReturnType<typeof both>): ReturnType<typeof judge> =>
      up({ desired: grows, ...of, settings: by(metric) });
    assert.equal(decided('rate', both(late)).verdict, 'pass', decided('rate', both(late)).reason);
    const other = decided('cpu', both(late, 60));
    assert.equal(other.verdict, 'fail');
    assert.match(
      other.reason,
      /^rate decided, not cpu as declared, which asked for no more than 2 pods \(cpu 2, rate 4\)/,
    );
    assert.equal(decided('cpu', both(late)).verdict, 'pass', 'it asked for more as well');
    const unseen = decided(
      'rate',
      both(() => null, 135),
    );
    assert.equal(unseen.verdict, 'inconclusive');
    assert.match(unseen.reason, /cpu asked for the new pods while rate, .* had no value/);
    const none = decided('queue', both(late));
    assert.equal(none.verdict, 'inconclusive');
    assert.match(none.reason, /has no metric queue, by which it is declared to decide/);
  });

  it('should be open where the clock decided, as a cron trigger of KEDA does', () => {
    const cron = 's1-cron-Europe-Berlin-08xxx-20xxx';
    const spec = {
      metrics: ['cpu', cron],
      measures: [
        { type: 'Resource', by: 'Utilization' },
        { type: 'External', by: 'AverageValue' },
      ],
    };
    const judgement = up({
      desired: grows,
      spec,
      metrics: (second) => [
        { name: 'cpu', value: 40, target: 70 },
        { name: cron, value: second < 25 ? 0.5 : 2, target: 1 },
      ],
    });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /s1-cron-Europe-Berlin-08xxx-20xxx decided, which follows the clock/);
    // Beside a trigger that the load raises as high, it decides nothing.
    const queue = 's0-rabbitmq-jobs';
    const both = up({
      desired: grows,
      spec: { ...spec, metrics: [queue, cron], measures: [spec.measures[1], spec.measures[1]] } as object,
      metrics: (second) => [
        { name: queue, value: second < 25 || second > 140 ? 0.5 : 2, target: 1 },
        { name: cron, value: second < 25 || second > 140 ? 0.5 : 2, target: 1 },
      ],
    });
    assert.equal(both.verdict, 'pass', both.reason);
  });

  it('should be open where the metric that decided was above its target before the load', () => {
    const judgement = up({ desired: grows, metric: (second) => (second < 150 ? 110 : 20) });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /cpu had been above its target before the load began/);
  });

  it('should be followed in two steps, as policies make them, with one metric missing', () => {
    const steps = (second: number): number => (second < 30 ? 2 : second < 60 ? 3 : 5);
    const judgement = up({
      desired: steps,
      ...both(() => null, 190),
      metrics: (second) => [
        { name: 'cpu', value: second > 20 && second < 150 ? 190 : 20, target: 70 },
        { name: 'rate', value: null, target: 10 },
      ],
    });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /by cpu/);
  });

  it('should say that nothing is known where the status has no metrics at all', () => {
    const judgement = up({
      desired: grows,
      metrics: () => [{ name: 'cpu', value: null, target: 70 }],
    });
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /the autoscaler has no metric/);
  });

  it('should say which had no value where the load raised none', () => {
    const idle = up({ desired: () => 2, ...both(() => null, 30) });
    assert.equal(idle.verdict, 'inconclusive');
    assert.match(
      idle.reason,
      /did not raise the metric above its target: at most 43 % .*; rate had no value/,
    );
  });

  it('should give what the autoscaler itself says where it adds no pod', () => {
    const [, ...others] = conditionsOf(false);
    const unable = {
      type: 'AbleToScale',
      status: 'False',
      reason: 'FailedUpdateScale',
      message: 'forbidden',
    };
    const judgement = up({ desired: () => 2, metric: () => 110, conditions: [unable, ...others] });
    assert.equal(judgement.verdict, 'fail');
    assert.match(
      judgement.reason,
      /more pods were desired .*the autoscaler says AbleToScale=False FailedUpdateScale: forbidden/,
    );
  });
});

describe('the stages of a scale-up', () => {
  const pod = (name: string, times: Record<string, number>): Seen[] =>
    Object.entries(times).map(([state, second]): Seen => [
      'scaled-pod',
      { t: at(second), pod: name, state, node: null },
    ]);
  const old = [...pod('api-1', { created: -20, scheduled: -20, ready: -20 })];

  it('should be told apart, for the new pod that was ready last', () => {
    const more = [
      ...old,
      ...pod('api-3', { created: 30, scheduled: 31, ready: 33 }),
      ...pod('api-4', { created: 31, scheduled: 35, ready: 40 }),
    ];
    const judgement = up({ desired: grows, more });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(
      judgement.reason,
      /\(metric 25 s, decision 5 s, pods created 1 s, scheduling 4 s, readiness 5 s\)/,
    );
    const seconds = ['metric:', 'decision:', 'creation:', 'scheduling:', 'readiness:'].map((name) =>
      figure(judgement, name),
    );
    assert.deepEqual(seconds, [25, 5, 1, 4, 5]);
    assert.equal(
      seconds.map(Number).reduce((sum, one) => sum + one, 0),
      40,
      'together the time to ready pods',
    );
  });

  it('should bear new pods that were there before their decision was seen', () => {
    // The controller resizes, and then writes its status.
    const more = [
      ...old,
      ...pod('api-3', { created: 29.6, scheduled: 29.7, ready: 38 }),
      ...pod('api-4', { created: 29.7, scheduled: 29.9, ready: 40 }),
    ];
    const judgement = up({ desired: grows, more });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /pods created 0 s, scheduling 0\.2 s, readiness 10\.1 s/);
  });

  it('should say of late pods where the time went', () => {
    const slow = [
      ...pod('api-3', { created: 30, scheduled: 90, ready: 100 }),
      ...pod('api-4', { created: 30, scheduled: 31, ready: 41 }),
    ];
    const judgement = up({ desired: grows, lag: 70, more: slow });
    assert.equal(judgement.verdict, 'fail');
    assert.match(
      judgement.reason,
      /ready after 100 s, the goal is 90 s \(.*scheduling 60 s, readiness 10 s\)/,
    );
  });

  it('should name pods that never had a node, or were never ready', () => {
    const stuck = [...pod('api-3', { created: 30 }), ...pod('api-4', { created: 30, scheduled: 31 })];
    const judgement = up({ desired: grows, ready: () => 2, more: stuck });
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /without a node: api-3, not ready: api-3, api-4/);
  });

  it('should leave out a pod that went before it was ready, for the one in its place', () => {
    const evicted = [
      ...pod('api-3', { created: 30, scheduled: 31, gone: 33 }),
      ...pod('api-4', { created: 30, scheduled: 31, ready: 35 }),
      ...pod('api-5', { created: 33, scheduled: 34, ready: 40 }),
    ];
    assert.match(
      up({ desired: grows, more: evicted }).reason,
      /pods created 3 s, scheduling 1 s, readiness 6 s/,
    );
  });
});

describe('an autoscaler that KEDA makes', () => {
  const scaledObject = (second: number, fields: Record<string, unknown>): Seen => [
    'scaled-object',
    {
      t: at(second),
      name: 'tender/api',
      min: 0,
      idle: null,
      cooldownS: 120,
      paused: null,
      active: 'False',
      fallback: 'False',
      ready: 'True',
      why: '',
      ...fields,
    },
  ];
  const fromNone: Story = {
    desired: (second) => (second < 10 ? 0 : second < 30 ? 1 : 4),
    ready: (second) => (second < 14 ? 0 : second < 40 ? 1 : 4),
    spec: { min: 0 },
    metric: (second) => (second > 5 && second < 150 ? 400 : 0),
  };

  it('should be followed from no pods, by the word of its ScaledObject', () => {
    const more = [scaledObject(-20, {}), scaledObject(5, { active: 'True' })];
    const judgement = up({ ...fromNone, more });
    assert.doesNotMatch(judgement.reason, /did not cause|not known/);
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /by ScaledObject tender\/api \(metric 5 s, decision 5 s\)/);
  });

  it('should not take the order in which two objects are read for that of what happened', () => {
    // KEDA scales, and then writes that it is active.
    const told = (second: number) =>
      up({ ...fromNone, more: [scaledObject(-20, {}), scaledObject(second, { active: 'True' })] });
    assert.equal(told(10.4).verdict, 'pass', told(10.4).reason);
    assert.match(
      told(14).reason,
      /the load did not cause the scale-up: the metric crossed its target 4 s later/,
    );
  });

  it('should see pods that were ready before the autoscaler said that they are desired', () => {
    // KEDA adds the first pod by itself; the autoscaler says so with its next look, and numbers of pods are recorded when they change.
    const pods = (second: number): number => (second < 8 ? 0 : second < 45 ? 1 : 4);
    const story: Story = {
      ...fromNone,
      desired: (second) => (second < 20 ? 0 : second < 30 ? 1 : 4),
      ready: pods,
    };
    const active = [scaledObject(-20, {}), scaledObject(5, { active: 'True' })];
    const told = tell(story).map(([kind, fields = {}]): Seen => {
      const second = (Number(fields['t']) - at(0)) / 1000;
      // A pod is there for 5 s before it is ready.
      const total = Math.max(Number(fields['total']), pods(second + 5));
      return [kind, kind === 'scaled-pods' ? { ...fields, total } : fields];
    });
    const all = [...told, ...active].toSorted((a, b) => Number(a[1]?.['t']) - Number(b[1]?.['t']));
    let last = '';
    const seen = all.filter(([kind, fields]) => {
      if (kind !== 'scaled-pods' || fields?.['t'] === at(0)) return true;
      const text = `${String(fields?.['ready'])}/${String(fields?.['total'])}`;
      const isNew = text !== last;
      last = text;
      return isNew;
    });
    const judgement = judge({ check: 'scaling/backend/up', goals: GOALS, settings: {}, seen, cut: true });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
  });

  it('should be open from no pods where no ScaledObject is named', () => {
    const judgement = up(fromNone);
    assert.equal(judgement.verdict, 'inconclusive');
    assert.match(judgement.reason, /from 0 pods 1 were desired, and what asked for that is not known/);
  });

  it('should be open while it is paused, or uses its fallback', () => {
    const paused = up({
      desired: () => 2,
      more: [scaledObject(-20, { paused: 'autoscaling.keda.sh/paused=true' })],
    });
    assert.equal(paused.verdict, 'inconclusive');
    assert.match(paused.reason, /^ScaledObject tender\/api is paused \(autoscaling\.keda\.sh\/paused=true\)/);
    const fallback = up({ desired: grows, more: [scaledObject(20, { min: 2, fallback: 'True' })] });
    assert.equal(fallback.verdict, 'inconclusive');
    assert.match(fallback.reason, /used its fallback/);
    const none = up({
      desired: grows,
      more: [['scaled-object-missing', { t: at(-20), name: 'tender/api' }]],
    });
    assert.match(none.reason, /^there is no ScaledObject tender\/api/);
  });
});

describe('pods that could not be listed', () => {
  it('should not change the verdict, and be said', () => {
    const judgement = up({
      desired: grows,
      more: [['scaled-pods-unseen', { t: at(-20), reason: 'forbidden' }]],
    });
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /\(metric 25 s, decision 5 s, pods not listed: forbidden\)/);
  });
});

describe('the way down', () => {
  const goals = { extraSeconds: 60, failedRatio: 0.001, flapSeconds: 30, deliveredShare: 0.98 };
  const down = (of: Told): ReturnType<typeof judge> =>
    judge({
      check: 'scaling/backend/down',
      goals,
      cut: true,
      seen: [...tell(of), ...(of.more ?? [])].toSorted((a, b) => Number(a[1]?.['t']) - Number(b[1]?.['t'])),
    });

  it('should say what the autoscaler complains of where it does not come back', () => {
    const conditions = [
      { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: '' },
      { type: 'ScalingActive', status: 'False', reason: 'FailedGetPodsMetric', message: 'no rate' },
      { type: 'ScalingLimited', status: 'False', reason: 'DesiredWithinRange', message: '' },
    ];
    const stays = down({ desired: grows, loadS: 60, lastS: 200, conditions });
    assert.match(
      stays.reason,
      /not back at 2 pods .*the autoscaler says ScalingActive=False FailedGetPodsMetric: no rate/,
    );
  });

  it('should wait for KEDA to take the last pod away as long as it says', () => {
    const story: Story = {
      desired: (second) => (second < 10 ? 0 : second < 150 ? 3 : second < 290 ? 1 : 0),
      metric: (second) => (second > 5 && second < 60 ? 400 : 0),
      loadS: 60,
      lastS: 320,
      spec: { min: 0 },
    };
    const told = (cooldownS: number): ReturnType<typeof judge> => {
      const line = {
        name: 'tender/api',
        min: 0,
        idle: null,
        cooldownS,
        paused: null,
        fallback: 'False',
        ready: 'True',
      };
      return down({ ...story, more: [['scaled-object', { t: at(-20), active: 'False', why: '', ...line }]] });
    };
    assert.match(told(60).reason, /back at 0 pods after 240 s, the goal is 120 s/);
    assert.doesNotMatch(told(300).reason, /the goal is|sooner than its settings/);
  });
});

describe('a Rollout that is resized', () => {
  const settings = {
    topology: {
      workloads: [{ kind: 'Rollout', ...TARGET, replicas: { min: 2, max: 5 } }],
      edge: {
        backend: { deployment: TARGET, scaling: { lowPerSecond: 1, highPerSecond: 50, rampSeconds: 0 } },
      },
    },
  };

  it('should be called what it is, and be held against its declared replicas', () => {
    assert.equal(up({ desired: grows, settings }).verdict, 'pass');
    const none = judge({
      check: 'scaling/backend/up',
      goals: GOALS,
      settings,
      seen: [['target-missing', { deployment: 'tender/tender-api' }]],
    });
    assert.match(none.reason, /^Rollout tender\/tender-api does not exist/);
    const wide = up({ desired: grows, settings, spec: { max: 9 } });
    assert.match(wide.reason, /the limits of the autoscaler are 2 to 9 pods, declared are 2 to 5/);
  });

  it('should say that a rollout is in progress where it is not at its minimum', () => {
    const scale = { desired: 2, ready: 3, total: 3, min: 2, max: 5, stabilisationDownS: 60, load: 0.1 };
    const busy = judge({
      check: 'scaling/backend/up',
      goals: GOALS,
      settings,
      seen: [
        ['rollout', { phase: 'Paused', message: 'CanaryPauseStep' }],
        ['not-at-minimum', { scale }],
      ],
    });
    assert.match(busy.reason, /3 of 3 ready, the minimum is 2; its Rollout is Paused: CanaryPauseStep/);
  });
});
