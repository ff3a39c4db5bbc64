/** Controls of scaling/…: what keeps an autoscaler from working as it should. */
import type { ObjectRef } from '../harness/protocol.ts';
import type { Control, ControlContext } from './control.ts';
import { deployment, required } from './topology-declared.ts';

const METRICS = deployment('kube-system', 'metrics-server');
const AUTOSCALER: ObjectRef = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  namespace: 'tender',
  name: 'tender-api',
};
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
    break: withoutMetrics,
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

interface AutoscalerStatus {
  status?: { conditions?: { type: string; status: string }[] };
}

async function withoutMetrics(ctx: ControlContext): Promise<void> {
  await ctx.patch(METRICS, { spec: { replicas: 0 } });
  await ctx.until('the autoscaler to have no metrics', () => inactive(ctx), { timeoutMs: NOTICED_MS });
}

async function inactive(ctx: ControlContext): Promise<true | null> {
  const { status = {} } = (await required(ctx, AUTOSCALER)) as AutoscalerStatus;
  const active = status.conditions?.find(({ type }) => type === 'ScalingActive');
  return active?.status === 'False' ? true : null;
}
