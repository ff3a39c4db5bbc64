import { Canaries } from '../_pool/canaries.ts';
import { mightDisplace } from '../_pool/displacing.ts';
import { freeOf, lookAgain, lookAtPool, mayWrite } from '../_pool/pool.ts';
import { MOST_PODS, named } from '../_pool/taking.ts';
import { planHolders } from '../../../probes/gpu/index.ts';
import type { CheckContext } from '../../harness/context.ts';
import { recordUtilisation } from '../_pool/utilisation.ts';

/** Asks for a device where the pool offers none. */
const ASKS = 'gpu-holds-0';

/** `gpu/exclusive`: pods that hold devices at the same time, and which each was given. */
export async function observe(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  if (nodes === null) return;
  if (!mayWrite(ctx)) {
    await ctx.step('ask Prometheus who holds which device', () => recordUtilisation(ctx));
    return;
  }
  const offered = nodes.reduce((sum, { allocatable }) => sum + allocatable, 0);
  const needed = Math.min(2, offered);
  const holders = planHolders(freeOf(ctx, nodes, needed), Infinity).slice(0, MOST_PODS);
  if (holders.length < needed) return;
  await Canaries.use(ctx, async (canaries) => {
    // If no device is allocatable, a pod requests one anyway: what becomes of it is the answer.
    const displaces = (): Promise<boolean> =>
      ctx.step('see whether it might displace another pod', () => mightDisplace(ctx, canaries, ASKS));
    if (holders.length === 0 && (await displaces())) return;
    const wanted = holders.length === 0 ? [{ name: ASKS, devices: 1 }] : named(holders);
    await ctx.step(`start ${wanted.length} pods that ask for a device each`, () => canaries.hold(wanted));
    await lookAgain(ctx, nodes);
  });
}
