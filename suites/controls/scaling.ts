/** Controls of scaling/…: what keeps an autoscaler from working as it should. */
import type { ObjectRef } from '../harness/protocol.ts';
import type { Control, ControlContext } from './control.ts';
import { deployment, required } from './topology-declared.ts';
import type { Deployed } from './topology-declared.ts';

type Autoscaler = ObjectRef<'autoscaling/v2', 'HorizontalPodAutoscaler'>;

const METRICS = deployment('kube-system', 'metrics-server');
const EXTERNAL_METRICS = deployment('kube-system', 'external-metrics');
const autoscalerOf = (name: string): Autoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  namespace: 'tender',
  name,
});
const AUTOSCALER = autoscalerOf('tender-api');
const AI_AUTOSCALER = autoscalerOf('tender-ai');
/** The controller looks every 15 s (Kubernetes' default), and metrics of the last minute may still be told. */
const NOTICED_MS = 120_000;
/** Longer than the goals for the decision and for ready pods together, so that "never" is not said too early. */
const SHORT_WAIT_MS = 100_000;
/** Twenty are enough to show that none is quick. */
const STARTS = 20;
const SLOW_READINESS_SECONDS = 8;
/** Much, few for less time than an autoscaler that remembers 60 s needs to follow, and much again. */
const TEETH = 2;

export const scalingControls: readonly Control[] = [
  {
    id: 'scaling/backend/up/no-metrics',
    check: 'scaling/backend/up',
    verdict: 'inconclusive',
    size: 'any',
    title: 'there is no metrics-server',
    expectSeen: /metric/i,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: (ctx) => withoutMetrics(ctx, METRICS, AUTOSCALER),
  },
  {
    id: 'scaling/backend/up/max-one',
    check: 'scaling/backend/up',
    verdict: 'fail',
    size: 'any',
    title: 'the autoscaler may have one pod at most',
    expectSeen: /maximum/i,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: (ctx) => ctx.patch(AUTOSCALER, { spec: { minReplicas: 1, maxReplicas: 1 } }),
  },
  {
    id: 'scaling/ai/up/no-metrics',
    check: 'scaling/ai/up',
    verdict: 'inconclusive',
    size: 'any',
    title: 'nobody answers for external metrics',
    expectSeen: /has no metric/,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: (ctx) => withoutMetrics(ctx, EXTERNAL_METRICS, AI_AUTOSCALER),
  },
  {
    id: 'scaling/ai/up/max-min',
    check: 'scaling/ai/up',
    verdict: 'fail',
    size: 'any',
    title: 'the autoscaler of the AI service may have no more pods than its minimum',
    expectSeen: /stuck at the maximum/,
    settings: { settings: { scaleUpMs: SHORT_WAIT_MS } },
    break: withoutRoom,
  },
  {
    id: 'scaling/backend/down/saw-tooth',
    check: 'scaling/backend/down',
    verdict: 'fail',
    size: 'any',
    title: 'the autoscaler forgets at once, and the load comes and goes',
    expectSeen: /flap/i,
    settings: { settings: { teeth: TEETH } },
    break: (ctx) =>
      ctx.patch(AUTOSCALER, { spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } }),
  },
  {
    id: 'scaling/pods/startup/slow-readiness',
    check: 'scaling/pods/startup',
    verdict: 'fail',
    size: 'any',
    title: `pods are not ready before ${SLOW_READINESS_SECONDS} s`,
    expectSeen: /p99 .*above/,
    settings: { settings: { startup: { pods: STARTS, readinessDelaySeconds: SLOW_READINESS_SECONDS } } },
    break: () => Promise.resolve(),
  },
];

async function withoutMetrics(ctx: ControlContext, source: Deployed, autoscaler: Autoscaler): Promise<void> {
  await ctx.patch(source, { spec: { replicas: 0 } });
  await ctx.until('the autoscaler to have no metrics', () => inactive(ctx, autoscaler), {
    timeoutMs: NOTICED_MS,
  });
}

async function inactive(ctx: ControlContext, autoscaler: Autoscaler): Promise<true | null> {
  const { status = {} } = await required(ctx, autoscaler);
  const active = status.conditions?.find(({ type }) => type === 'ScalingActive');
  return active?.status === 'False' ? true : null;
}

async function withoutRoom(ctx: ControlContext): Promise<void> {
  const { spec } = await required(ctx, AI_AUTOSCALER);
  await ctx.patch(AI_AUTOSCALER, { spec: { maxReplicas: spec.minReplicas ?? 1 } });
}
