import { required } from '../../_breaking/objects.ts';
import type { Deployed } from '../../_breaking/objects.ts';
import type { ControlContext } from '../../harness/control.ts';
import type { ObjectRef } from '../../harness/protocol.ts';
import { specOf, statusOf } from './hpa.ts';

type Autoscaler = ObjectRef<'autoscaling/v2', 'HorizontalPodAutoscaler'>;

export const autoscalerOf = (name: string): Autoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  namespace: 'tender',
  name,
});

export const AUTOSCALER = autoscalerOf('tender-api');

/** The controller syncs every 15 s (Kubernetes' default), and may still get metrics of the last minute. */
const NOTICED_MS = 120_000;

/** Longer than the goals for the decision and for ready pods together, so that "never" is not said too early. */
export const SHORT_WAIT_MS = 100_000;

/** What a load before this control left behind is gone: the autoscaler's window for scaling down and several syncs. */
const AT_REST_MS = 240_000;

/**
 * Takes the metrics away from an autoscaler that is at its minimum. One that was not would never come back to it: without
 * metrics it changes nothing, and the check would rightly say that it never was at rest, which is not what is to be proved.
 */
export async function withoutMetrics(
  ctx: ControlContext,
  source: Deployed,
  autoscaler: Autoscaler,
): Promise<void> {
  await ctx.until('the autoscaler to be at its minimum', () => atMinimum(ctx, autoscaler), {
    timeoutMs: AT_REST_MS,
  });
  await ctx.patch(source, { spec: { replicas: 0 } });
  await ctx.until('the autoscaler to have no metrics', () => inactive(ctx, autoscaler), {
    timeoutMs: NOTICED_MS,
  });
}

async function atMinimum(ctx: ControlContext, autoscaler: Autoscaler): Promise<true | null> {
  const found = await required(ctx, autoscaler);
  const { min } = specOf(found);
  const { desired, current } = statusOf(found);
  return desired === min && current === min ? true : null;
}

async function inactive(ctx: ControlContext, autoscaler: Autoscaler): Promise<true | null> {
  const { status = {} } = await required(ctx, autoscaler);
  const active = status.conditions?.find(({ type }) => type === 'ScalingActive');
  return active?.status === 'False' ? true : null;
}
