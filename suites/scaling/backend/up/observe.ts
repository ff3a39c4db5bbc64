import { grow, scaled } from '../../_autoscaler/backend.ts';
import { stopLoad } from '../../_autoscaler/loaded.ts';
import { askWho } from '../../../harness/answered.ts';
import type { CheckContext } from '../../../harness/context.ts';

/**
 * The backend grows. From its minimum, load through the edge rises to a rate that lifts the minimum over the autoscaler's target, until the
 * desired pods are ready and have answered for a while. reports/judge/scaling judges it.
 */
export async function observe(ctx: CheckContext): Promise<void> {
  await scaled(ctx, async ({ rates }, follower) => {
    if (await grow(ctx, rates, follower)) await ctx.step('ask which pods answer', () => askWho(ctx));
    await ctx.step('end the load', () => stopLoad(ctx));
  });
}
