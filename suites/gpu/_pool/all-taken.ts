import { Canaries } from './canaries.ts';
import { mightDisplace } from './displacing.ts';
import { freeOf, lookAgain, lookAtPool } from './pool.ts';
import { lingersOf, recordRefused, takeAll } from './taking.ts';
import type { Unwanted } from './taking.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { Fate } from './canaries.ts';

/** Time that a pod has to end by itself; these end at once. */
const GRACE_S = 30;

const EXTRA: Unwanted = { name: 'gpu-one-too-many', devices: 1, role: 'one too many' };

/** With every device taken, one pod more; then a holder is deleted, and the pod more gets its device. */
export function takePool(ctx: CheckContext): Promise<void> {
  return ctx.once('gpu/all-taken', async () => {
    const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
    if (nodes === null) return;
    freeOf(ctx, nodes);
    await Canaries.use(ctx, async (canaries) => {
      const holders = await takeAll(ctx, canaries, nodes);
      if (holders === null) return;
      const displaces = await ctx.step('see whether a pod too many might displace another', () =>
        mightDisplace(ctx, canaries, EXTRA.name),
      );
      if (displaces) return;
      await ctx.step('start one pod too many', () => canaries.start([EXTRA]));
      const refused = await ctx.step('see why the scheduler refuses the extra pod', () =>
        recordRefused(ctx, canaries, EXTRA),
      );
      // Somebody else may have given a device back meanwhile.
      await lookAgain(ctx, nodes);
      const [holder] = holders;
      if (holder !== undefined) await giveBack(ctx, canaries, { holder, refused });
    });
  });
}

/** The time counts from the deletion of a holder until the pod that waits is ready. */
async function giveBack(
  ctx: CheckContext,
  canaries: Canaries,
  { holder, refused }: { holder: string; refused: Fate },
): Promise<void> {
  const { state, node, detail, refusal } = refused;
  ctx.record('gpu-waits', { pod: EXTRA.name, state, node, detail: refusal?.message ?? detail });
  if (state !== 'refused') return;
  const lingersSeconds = lingersOf(ctx);
  const graceSeconds = lingersSeconds > 0 ? lingersSeconds : GRACE_S;
  const sinceMs = await ctx.step('delete a pod that holds a device', () =>
    canaries.end(holder, graceSeconds),
  );
  const fate = await ctx.step('wait until the device is in use again', () =>
    canaries.follow(EXTRA.name, { timeoutMs: ctx.timeoutMs('deviceBack'), refusedForMs: Infinity }),
  );
  recordBack(ctx, { what: 'deletion', node: fate.node, sinceMs, fate });
}

/** @param of with how many pods were started for it, of which the last counts */
export function recordBack(
  ctx: CheckContext,
  of: { what: 'deletion' | 'restart'; node: string | null; sinceMs: number; fate: Fate; tries?: number },
): void {
  const { what, node, sinceMs, fate, tries = 1 } = of;
  ctx.record('gpu-back', {
    what,
    node,
    ready: fate.state === 'ready',
    sinceMs,
    seenMs: fate.atMs,
    detail: tries > 1 ? `${fate.detail}, at try ${tries}` : fate.detail,
  });
}
