import { grow, scaled } from '../../_autoscaler/backend.ts';
import { stopLoad } from '../../_autoscaler/loaded.ts';
import type { CheckContext } from '../../../harness/context.ts';

/**
 * The backend grows: from its minimum, through the edge, load that rises to a rate that its minimum cannot carry within the autoscaler's
 * target, until what the autoscaler wanted is ready and has answered for a while. reports/judge/scaling says what follows from it.
 */
export async function observe(ctx: CheckContext): Promise<void> {
  await scaled(ctx, async ({ rates }, follower) => {
    await grow(ctx, rates, follower);
    await ctx.step('end the load', () => stopLoad(ctx));
  });
}
