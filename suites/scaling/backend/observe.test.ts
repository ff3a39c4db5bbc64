import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject, ListResult } from '../../harness/protocol.ts';
import { observe as growBackend } from './up/observe.ts';
import { ScaleFollower } from '../_autoscaler/follow.ts';
import type { WorkloadObject } from '../../topology/_objects/shapes.ts';
import type { Autoscaler } from '../_autoscaler/hpa.ts';
import { loadOf, specOf, statusOf } from '../_autoscaler/hpa.ts';
import { resolutionOf } from '../_autoscaler/metrics-server.ts';
import { shrinkingMs } from '../_autoscaler/shrinking.ts';

const BACKEND = { kind: 'Deployment', namespace: 'tender', name: 'tender-api' } as const;

interface Told {
  kind: string;
  [field: string]: unknown;
}

interface Invented {
  /** The answers to lists, by kind; changed while it is followed. */
  lists: Record<string, ListResult>;
  /** Answers of the runner; every call is told as well. */
  call?: (method: string) => Promise<unknown>;
}

function context({ lists, call = () => Promise.resolve(null) }: Invented): {
  ctx: CheckContext;
  told: Told[];
} {
  const told: Told[] = [];
  const ctx = {
    id: 'scaling/backend/up',
    trial: 1,
    goals: {},
    settings: {
      topology: {
        edge: {
          backend: {
            deployment: BACKEND,
            scaling: { lowPerSecond: 10, highPerSecond: 200, rampSeconds: 30 },
          },
        },
      },
    },
    signal: new AbortController().signal,
    timeoutMs: () => 60_000,
    runner: {
      call: (method: string) => {
        told.push({ kind: method });
        return call(method);
      },
    },
    cluster: { list: ({ kind }: { kind: string }) => Promise.resolve(lists[kind] ?? { items: [] }) },
    record: (kind: string, fields: Record<string, unknown> = {}) => told.push({ kind, ...fields }),
    step: (_title: string, body: () => unknown) => Promise.resolve(body()),
  };
  return { ctx: ctx as unknown as CheckContext, told };
}

function object(kind: string, name: string, rest: Record<string, unknown>, namespace = 'tender'): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace }, ...rest };
}

const HPA = 'autoscaling/v2/HorizontalPodAutoscaler';
const DEPLOYMENT = 'apps/v1/Deployment';
const autoscaler = object('HorizontalPodAutoscaler', 'tender-api', {
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'tender-api' }, minReplicas: 2, maxReplicas: 5 },
  status: { desiredReplicas: 2, currentReplicas: 2 },
});
const deployment = object('Deployment', 'tender-api', {
  spec: {},
  status: { readyReplicas: 2, replicas: 2 },
});
const server = (args: string[]): WorkloadObject =>
  object(
    'Deployment',
    'metrics-server',
    { spec: { template: { spec: { containers: [{ args }] } } } },
    'kube-system',
  ) as WorkloadObject;
const there = (): Invented['lists'] => ({
  [HPA]: { items: [autoscaler] },
  [DEPLOYMENT]: { items: [deployment, server(['--metric-resolution=10s'])] },
});

describe('ScaleFollower', () => {
  it('should record by which intervals things can be seen', async () => {
    const { ctx, told } = context({ lists: there() });
    const follower = new ScaleFollower(ctx, BACKEND);
    assert.equal(await follower.start(), true);
    await follower.end();
    const spec = told.find(({ kind }) => kind === 'hpa-spec');
    assert.deepEqual([spec?.['metricResolutionS'], spec?.['lookEverySeconds']], [10, 0.25]);
    assert.equal(follower.scale?.stabilisationDownS, 300);
  });

  it('should not call an autoscaler missing that could not be looked for', async () => {
    const unread: ListResult = { items: [], unavailable: 'timed out' };
    const { ctx, told } = context({ lists: { ...there(), [HPA]: unread } });
    assert.equal(await new ScaleFollower(ctx, BACKEND).start(), false);
    assert.deepEqual(told, [{ kind: 'unavailable', what: HPA, reason: 'timed out' }]);
    const none = context({ lists: { ...there(), [HPA]: { items: [] } } });
    assert.equal(await new ScaleFollower(none.ctx, BACKEND).start(), false);
    assert.deepEqual(none.told, [{ kind: 'hpa-missing', deployment: 'tender/tender-api' }]);
  });

  it('should notice that the autoscaler goes away', async () => {
    const lists = there();
    const { ctx, told } = context({ lists });
    const follower = new ScaleFollower(ctx, BACKEND);
    await follower.start();
    lists[HPA] = { items: [] };
    assert.equal(await follower.until(({ desired }) => desired > 2, { timeoutMs: 600 }), false);
    await follower.end();
    assert.deepEqual(
      told.slice(-2).map(({ kind }) => kind),
      ['hpa-missing', 'hpa-watched'],
    );
    assert.equal(follower.scale, null);
  });

  it('should wait until it is so for a while, or it is told to wait no longer', async () => {
    const { ctx } = context({ lists: there() });
    const follower = new ScaleFollower(ctx, BACKEND);
    await follower.start();
    const begunMs = performance.now();
    assert.equal(await follower.until(({ min }) => min === 2, { timeoutMs: 5000, forMs: 300 }), true);
    assert.ok(performance.now() - begunMs >= 300);
    const signal = AbortSignal.abort();
    assert.equal(await follower.until(() => false, { timeoutMs: 60_000, signal }), false);
    await follower.end();
  });
});

describe('statusOf', () => {
  it('should read an autoscaler that has seen nothing yet: empty lists are null in the answer of the API server', () => {
    const fresh = {
      ...autoscaler,
      status: { currentMetrics: null, conditions: null },
    } as unknown as Autoscaler;
    const { metrics, conditions } = statusOf(fresh);
    assert.deepEqual(conditions, []);
    assert.deepEqual(metrics, []);
    assert.equal(loadOf(fresh), null);
  });

  it('should read the conditions that every version has', () => {
    const condition = (type: string, reason: string) => ({ type, status: 'False', reason, message: '' });
    const later = {
      ...autoscaler,
      status: {
        conditions: [
          condition('ScaledToZero', 'NotScaledToZero'),
          condition('ScalingLimited', 'DesiredWithinRange'),
        ],
      },
    } as unknown as Autoscaler;
    assert.deepEqual(
      statusOf(later).conditions.map(({ type }) => type),
      ['ScalingLimited'],
    );
  });
});

describe('specOf', () => {
  it('should say how the way down is limited, by pods or by a share of them', () => {
    const limited = (policies: object[], selectPolicy?: string) => {
      const { policiesDown, selectDown } = specOf(
        object('HorizontalPodAutoscaler', 'tender-api', {
          spec: {
            scaleTargetRef: { kind: 'Deployment', name: 'tender-api' },
            maxReplicas: 5,
            behavior: { scaleDown: { policies, ...(selectPolicy !== undefined && { selectPolicy }) } },
          },
        }) as Autoscaler,
      );
      return [policiesDown, selectDown];
    };
    const pods = { type: 'Pods', value: 1, periodSeconds: 30 };
    assert.deepEqual(limited([pods]), [[{ pods: 1, periodSeconds: 30 }], undefined]);
    assert.deepEqual(limited([pods, { type: 'Percent', value: 50, periodSeconds: 15 }], 'Min'), [
      [
        { pods: 1, periodSeconds: 30 },
        { percent: 50, periodSeconds: 15 },
      ],
      'Min',
    ]);
    assert.deepEqual(limited([], 'Disabled'), [undefined, 'Disabled']);
    assert.deepEqual(limited([]), [undefined, undefined]);
  });
});

describe('an autoscaler by a metric from elsewhere', () => {
  const external = (more: object): Record<string, unknown> => ({
    type: 'External',
    external: { metric: { name: 'tender_jobs_ready' }, ...more },
  });
  const byQueue = (over: Record<string, unknown> = {}): Autoscaler =>
    object('HorizontalPodAutoscaler', 'tender-ai', {
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'tender-ai' },
        minReplicas: 2,
        maxReplicas: 4,
        metrics: [external({ target: { type: 'AverageValue', averageValue: '10' } })],
      },
      status: {
        desiredReplicas: 4,
        currentReplicas: 2,
        currentMetrics: [{ type: '' }, external({ current: { averageValue: '17500m' } })],
        ...over,
      },
    }) as unknown as Autoscaler;

  it('should read its mean of all pods and its target', () => {
    assert.deepEqual(statusOf(byQueue()).metrics, [{ name: 'tender_jobs_ready', value: 17.5, target: 10 }]);
    assert.deepEqual(specOf(byQueue()).metrics, ['tender_jobs_ready']);
  });

  it('false verdict 5: should read every metric, whatever it is of', () => {
    const cpu = (more: object) => ({ type: 'Resource', resource: { name: 'cpu', ...more } });
    const rate = (more: object) => ({ type: 'Pods', pods: { metric: { name: 'rate' }, ...more } });
    const several = byQueue({
      currentMetrics: [
        external({ current: { averageValue: '5' } }),
        rate({ current: { averageValue: '30' } }),
        cpu({ current: { averageUtilization: 35 } }),
      ],
    });
    several.spec.metrics?.push(
      cpu({ target: { type: 'Utilization', averageUtilization: 70 } }),
      rate({ target: { type: 'AverageValue', averageValue: '10' } }),
    );
    assert.deepEqual(
      statusOf(several).metrics.map(({ name, value, target }) => [name, value, target]),
      [
        ['tender_jobs_ready', 5, 10],
        ['cpu', 35, 70],
        ['rate', 30, 10],
      ],
    );
    assert.equal(loadOf(several), 3);
  });

  it('should not take the value that is left in the status for one', () => {
    assert.equal(loadOf(byQueue()), 1.75);
    assert.equal(loadOf(byQueue({ conditions: [{ type: 'ScalingActive', status: 'False' }] })), null);
    assert.equal(loadOf(byQueue({ currentMetrics: null })), null);
  });
});

describe('growBackend', () => {
  it('should say that the load began when it had, and wait no longer for pods when it has ended', async () => {
    const call = async (method: string): Promise<unknown> => {
      // Two looks at the autoscaler later.
      if (method === 'load.ended') await sleep(600);
      return method === 'load.ended' ? { ended: true } : method === 'load.stop' ? { stopped: true } : null;
    };
    const { ctx, told } = context({ lists: there(), call });
    const begunMs = performance.now();
    await growBackend(ctx);
    assert.ok(performance.now() - begunMs < 5000);
    const kinds = told.map(({ kind }) => kind);
    assert.ok(kinds.indexOf('load.start') < kinds.indexOf('load-begun'), kinds.join());
    const start = told.find(({ kind }) => kind === 'load-begun');
    assert.deepEqual([start?.['perSecond'], start?.['rampSeconds']], [200, 30]);
    // The state at the start of the load is recorded again.
    assert.ok(kinds.slice(kinds.indexOf('load-begun')).includes('hpa'), kinds.join());
  });
});

describe('resolutionOf', () => {
  it('should read the argument, or take the default of the server', () => {
    assert.equal(resolutionOf(server(['--secure-port=1', '--metric-resolution=15s'])), 15);
    assert.equal(resolutionOf(server(['--metric-resolution=1m30s'])), 90);
    assert.equal(resolutionOf(server([])), 60);
  });
});

describe('shrinkingMs', () => {
  it('should wait as long as the settings of the autoscaler and the goal need', () => {
    const ctx = { goals: { extraSeconds: 60 }, timeoutMs: () => 480_000 };
    assert.equal(shrinkingMs(ctx, { stabilisationDownS: 60 }), 480_000);
    assert.equal(shrinkingMs(ctx, { stabilisationDownS: 900 }), 1_020_000);
    assert.equal(shrinkingMs(ctx, null), 480_000);
  });
});
