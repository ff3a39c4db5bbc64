import type { Scale, ScaleFollower } from '../../_autoscaler/follow.ts';
import {
  atMinimum,
  followed,
  growingMs,
  isGrown,
  startLoad,
  stopLoad,
  targetOf,
  whileLoaded,
} from '../../_autoscaler/loaded.ts';
import { shrinkingMs } from '../../_autoscaler/shrinking.ts';
import type { CheckContext } from '../../../harness/context.ts';

type AiSettings = NonNullable<CheckContext['settings']['ai']>;

type Scaling = NonNullable<AiSettings['scaling']>;

/**
 * The AI service grows with its queue. From its minimum, while its model is slow, it gets more tenders through the edge than it can handle,
 * until the pods that the autoscaler wants are ready. Then the model is as usual again, and the queue drains. Only a stand-in can be
 * slowed.
 */
export async function observe(ctx: CheckContext): Promise<void> {
  const ai = ctx.settings.ai;
  const scaling = ai?.scaling;
  if (ai === undefined || scaling === undefined) throw new Error('the environment declares no ai.scaling');
  const target = targetOf(ctx, ai.deployment, scaling.scaledObject);
  await followed(ctx, { called: 'the AI service', target }, async (follower) => {
    const before = follower.scale;
    try {
      if (await slowed(ctx, ai, scaling)) await fill(ctx, scaling, follower);
    } finally {
      await ctx.step('end the load, and let the model answer as usual', async () => {
        await stopLoad(ctx);
        await ctx.runner.call('ai.rest', { check: ctx.id });
      });
    }
    await drained(ctx, follower, before);
  });
}

/** False when a declared stand-in cannot be slowed: at its usual speed no more pods are needed. */
async function slowed(
  ctx: CheckContext,
  { llm }: AiSettings,
  { modelDelayMs: delayMs }: Scaling,
): Promise<boolean> {
  if (llm.control === undefined) return true;
  const title = `the model takes ${delayMs / 1000} s`;
  const { unavailable } = await ctx.step(`set the model's stand-in: ${title}`, () =>
    ctx.runner.call('ai.behave', { check: ctx.id, title, behaviour: { delayMs } }),
  );
  if (unavailable !== undefined) ctx.unavailable("the model's stand-in", unavailable);
  return unavailable === undefined;
}

async function fill(ctx: CheckContext, { perSecond }: Scaling, follower: ScaleFollower): Promise<void> {
  const timeoutMs = growingMs(ctx);
  const sends = await ctx.step(`create ${perSecond} tenders a second`, () =>
    startLoad(ctx, 'jobs', {
      RATE: perSecond,
      DURATION: `${Math.ceil(timeoutMs / 1000)}s`,
    }),
  );
  if (!sends) return;
  // Recorded only now: before the engine runs nothing is sent.
  ctx.record('load-begun', { perSecond, rampSeconds: 0 });
  follower.repeat();
  await ctx.step('wait until more pods are desired and ready', () =>
    whileLoaded(ctx, timeoutMs, (signal) => follower.until(isGrown, { timeoutMs, signal })),
  );
}

/** Waits until no more jobs are queued than before, and the added pods are gone. */
async function drained(ctx: CheckContext, follower: ScaleFollower, before: Scale | null): Promise<void> {
  // Without an autoscaler nothing shrinks; that it went away was recorded.
  if (follower.scale === null) return;
  const timeoutMs = shrinkingMs(ctx, follower.scale);
  const back = await ctx.step('wait until the queue is as before, and the AI service at its minimum', () =>
    follower.until((scale) => atMinimum(scale) && waitsNoMore(scale, before), { timeoutMs }),
  );
  if (!back) ctx.record('not-back', { scale: follower.scale, waitedMs: timeoutMs });
  // Without a pod the autoscaler is out of action and has no value; that nothing waits is what KEDA left none for.
  else if (follower.scale.load === null && !follower.scale.isIdle) ctx.record('queue-unseen');
}

/** Without a value from the autoscaler there is nothing to wait for; that the queue was not seen is recorded. */
function waitsNoMore({ load }: Scale, before: Scale | null): boolean {
  return load === null || load <= (before?.load ?? 0);
}
