import { Canaries } from '../_pool/canaries.ts';
import { mightDisplace } from '../_pool/displacing.ts';
import { lookAgain, lookAtPool } from '../_pool/pool.ts';
import { recordRefused, takeAll } from '../_pool/taking.ts';
import type { Unwanted } from '../_pool/taking.ts';
import type { CheckContext } from '../../harness/context.ts';

const EXTRA = 'gpu-one-too-many';

/** `gpu/exhausted`: with every device taken, one pod more. */
export async function observe(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  if (nodes === null) return;
  await Canaries.use(ctx, async (canaries) => {
    if ((await takeAll(ctx, canaries, nodes)) === null) return;
    if (
      await ctx.step('see whether a pod too many might displace another', () =>
        mightDisplace(ctx, canaries, EXTRA),
      )
    )
      return;
    const extra: Unwanted = { name: EXTRA, devices: 1, role: 'one too many' };
    await ctx.step('start one pod too many', () => canaries.start([extra]));
    await ctx.step('see why the scheduler refuses the extra pod', () => recordRefused(ctx, canaries, extra));
    // Somebody else may have given a device back meanwhile.
    await lookAgain(ctx, nodes);
  });
}
