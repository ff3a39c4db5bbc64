import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckContext } from '../../../harness/context.ts';
import type { KubeObject } from '../../../harness/protocol.ts';
import { observe as growAi } from './observe.ts';

const CONTROL = { url: 'http://stand-in', rest: { delayMs: 300, failRatio: 0, status: 503 } };

interface Platform {
  pods: number;
  /** Jobs a pod that wait; null: the autoscaler has no value. */
  waiting: number | null;
  /** What KEDA says of the ScaledObject `jobs`, where there is one. */
  active?: 'True' | 'False';
}

const REST: Platform = { pods: 2, waiting: 0 };

function objectsOf({ pods, waiting, active }: Platform): Record<string, KubeObject> {
  const metadata = { name: 'tender-ai', namespace: 'tender' };
  const external = { metric: { name: 'tender_jobs_ready' } };
  return {
    'autoscaling/v2/HorizontalPodAutoscaler': {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'tender-ai' },
        minReplicas: 2,
        maxReplicas: 4,
        metrics: [{ type: 'External', external: { ...external, target: { averageValue: '10' } } }],
      },
      status: {
        desiredReplicas: pods,
        currentReplicas: pods,
        conditions: [{ type: 'ScalingActive', status: pods === 0 ? 'False' : 'True' }],
        currentMetrics:
          waiting === null
            ? null
            : [{ type: 'External', external: { ...external, current: { averageValue: String(waiting) } } }],
      },
    },
    ...(active !== undefined && {
      'keda.sh/v1alpha1/ScaledObject': {
        apiVersion: 'keda.sh/v1alpha1',
        kind: 'ScaledObject',
        metadata: { name: 'jobs', namespace: 'tender' },
        spec: { scaleTargetRef: { name: 'tender-ai' }, cooldownPeriod: 1 },
        status: { conditions: [{ type: 'Active', status: active }] },
      },
    }),
    'apps/v1/Deployment': {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {},
      status: { readyReplicas: pods, replicas: pods },
    },
  };
}

interface Told {
  kind: string;
  [field: string]: unknown;
}

interface Invented {
  /** What follows from a call of the runner. */
  after: (method: string) => Platform | undefined;
  /** A call that is refused. */
  fails?: string;
  /** Answer to `ai.behave`. */
  behaves?: { unavailable?: string };
  control?: object | null;
  scaleDownMs?: number;
}

function context({ after, fails, behaves = {}, control = CONTROL, scaleDownMs = 5_000 }: Invented): {
  ctx: CheckContext;
  told: Told[];
} {
  const told: Told[] = [];
  let platform = REST;
  const answers: Record<string, unknown> = {
    'ai.behave': behaves,
    'load.ended': { ended: false },
    'load.stop': { stopped: true },
  };
  const ctx = {
    id: 'scaling/ai/up',
    trial: 1,
    goals: {},
    settings: {
      ai: {
        deployment: { namespace: 'tender', name: 'tender-ai' },
        scaling: { perSecond: 8, modelDelayMs: 5_000 },
        llm: { ...(control !== null && { control }) },
      },
      scaleUpMs: 2_000,
    },
    signal: new AbortController().signal,
    timeoutMs: () => scaleDownMs,
    runner: {
      call: (method: string, params: Record<string, unknown>) => {
        told.push({ ...params, kind: method });
        platform = after(method) ?? platform;
        if (method === fails) return Promise.reject(new Error('no engine'));
        return Promise.resolve(answers[method] ?? null);
      },
    },
    cluster: {
      list: ({ kind }: { kind: string }) =>
        Promise.resolve({ items: [objectsOf(platform)[kind]].filter((one) => one !== undefined) }),
    },
    record: (kind: string, fields: Record<string, unknown> = {}) => told.push({ ...fields, kind }),
    unavailable: (what: string, reason: string) => told.push({ kind: 'unavailable', what, reason }),
    step: (_title: string, body: () => unknown) => Promise.resolve(body()),
  };
  return { ctx: ctx as unknown as CheckContext, told };
}

const grows = (method: string): Platform | undefined =>
  method === 'load.start' ? { pods: 4, waiting: 18 } : method === 'ai.rest' ? REST : undefined;

describe('growAi', () => {
  it('should slow the model, create tenders until pods are there, and be done when all is as before', async () => {
    const { ctx, told } = context({ after: grows });
    await growAi(ctx);
    const order = told
      .filter(({ kind }) => /^(ai\.|load\.start|load-|not-back)/.test(kind))
      .map(({ kind }) => kind);
    assert.deepEqual(order.slice(0, 5), ['ai.behave', 'load.start', 'load-begun', 'load-ended', 'ai.rest']);
    assert.ok(!order.includes('not-back'), order.join());
    const slow = told.find(({ kind }) => kind === 'ai.behave');
    assert.deepEqual(slow?.['behaviour'], { delayMs: 5_000 });
    const load = told.find(({ kind }) => kind === 'load.start');
    assert.deepEqual([load?.['scenario'], load?.['variables']], ['jobs', { RATE: 8, DURATION: '2s' }]);
    // What is seen last is what it leaves.
    assert.equal(told.findLast(({ kind }) => kind === 'hpa')?.['desired'], 2);
    assert.deepEqual(told.find(({ kind }) => kind === 'hpa-spec')?.['metricResolutionS'], null);
  });

  it('should say so when jobs still wait, though no pods were added', async () => {
    const stays = (method: string): Platform | undefined =>
      method === 'load.start' ? { pods: 2, waiting: 18 } : undefined;
    const { ctx, told } = context({ after: stays, scaleDownMs: 300 });
    // The window of the autoscaler and the time to leave, minutes, are taken off again: what is waited for never comes.
    const soon = {
      settings: { ...ctx.settings, scaleUpMs: 300 },
      goals: { ...ctx.goals, extraSeconds: -600 },
    };
    const scaled = Object.assign(ctx, soon);
    await growAi(scaled);
    const left = told.find(({ kind }) => kind === 'not-back');
    assert.equal((left?.['scale'] as { load: number }).load, 1.8);
  });

  it('should take it for done where KEDA left no pod since no trigger is active, and not where it says nothing of it', async () => {
    for (const [active, unseen] of [
      ['False', false],
      ['True', true],
    ] as const) {
      const states: Record<string, Platform> = {
        'ai.behave': { pods: 0, waiting: null, active: 'False' },
        'load.start': { pods: 4, waiting: 18, active: 'True' },
        'ai.rest': { pods: 0, waiting: null, active },
      };
      const scaled = (method: string): Platform | undefined => states[method];
      const { ctx, told } = context({ after: scaled });
      const { ai } = ctx.settings;
      const scaling = { ...ai?.scaling, scaledObject: 'jobs' };
      await growAi(Object.assign(ctx, { settings: { ...ctx.settings, ai: { ...ai, scaling } } }));
      const kinds = told.map(({ kind }) => kind);
      assert.deepEqual([kinds.includes('not-back'), kinds.includes('queue-unseen')], [false, unseen]);
    }
  });

  it('should create none where its model cannot be slowed, and leave a model that is none of ours as it is', async () => {
    const deaf = context({ after: grows, behaves: { unavailable: 'refused' } });
    await growAi(deaf.ctx);
    const kinds = deaf.told.map(({ kind }) => kind);
    assert.ok(kinds.includes('unavailable') && !kinds.includes('load.start') && kinds.includes('ai.rest'));
    const real = context({ after: grows, control: null });
    await growAi(real.ctx);
    const seen = real.told.map(({ kind }) => kind);
    assert.ok(!seen.includes('ai.behave') && seen.includes('load.start'));
  });

  it('should let the model answer as usual though the load fails', async () => {
    const { ctx, told } = context({ after: grows, fails: 'load.start' });
    await assert.rejects(growAi(ctx), /no engine/);
    assert.ok(told.some(({ kind }) => kind === 'ai.rest'));
  });
});
