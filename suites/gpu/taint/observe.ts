import { Canaries } from '../_pool/canaries.ts';
import { mightDisplace } from '../_pool/displacing.ts';
import { lookAtPool, mayWrite } from '../_pool/pool.ts';
import type { Unwanted } from '../_pool/taking.ts';
import { MOST_PODS, recordRefused } from '../_pool/taking.ts';
import type { CheckContext } from '../../harness/context.ts';
import { recordTenants } from './tenants.ts';

const STRANGER_ASKS = 'gpu-stranger-asks';

/** `gpu/taint`: pods without the toleration: one for each node of the pool, that may go nowhere else, and one that asks for a device. */
export async function observe(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool and who runs on it', () => lookAtPool(ctx));
  if (nodes === null) return;
  recordTenants(ctx, nodes);
  if (!mayWrite(ctx)) return;
  await Canaries.use(ctx, async (canaries) => {
    // Each is bound to a node by name: then the scheduler looks only at that node, and its message is about it.
    const strangers: Unwanted[] = nodes.slice(0, MOST_PODS).map(({ node }, index) => ({
      name: `gpu-stranger-${index}`,
      devices: 0,
      tolerates: false,
      node,
      role: 'stranger',
    }));
    // This one may go anywhere: admission may let it tolerate the taint, and another pool may have none.
    const displaces = await ctx.step('see whether a stranger that asks might displace another pod', () =>
      mightDisplace(ctx, canaries, STRANGER_ASKS),
    );
    if (!displaces)
      strangers.push({ name: STRANGER_ASKS, devices: 1, tolerates: false, role: 'stranger that asks' });
    await ctx.step('start pods without the toleration', () => canaries.start(strangers));
    await ctx.step('see whether the scheduler keeps them away', () =>
      Promise.all(strangers.map((one) => recordRefused(ctx, canaries, one))),
    );
  });
}
