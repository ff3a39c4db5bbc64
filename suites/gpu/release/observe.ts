import { Canaries } from '../_pool/canaries.ts';
import type { Fate } from '../_pool/canaries.ts';
import { mightDisplace } from '../_pool/displacing.ts';
import { freeOf, lookAtPool } from '../_pool/pool.ts';
import type { PoolNode } from '../_pool/pool.ts';
import { lingersOf, takeAll } from '../_pool/taking.ts';
import type { CheckContext } from '../../harness/context.ts';
import { monotonicMs } from '../../harness/observations.ts';

/** Time that a pod has to end by itself; these end at once. */
const GRACE_S = 30;

const NEXT = 'gpu-is-next';

/**
 * `gpu/release`: with every device taken one more pod waits; a pod that holds one is deleted, and the time counts until the one that waits
 * is ready. In the embedded environment a node of the pool is restarted after that, and the time counts from its first heartbeat.
 */
export async function observe(ctx: CheckContext): Promise<void> {
  const nodes = await ctx.step('look at the pool', () => lookAtPool(ctx));
  if (nodes === null) return;
  freeOf(ctx, nodes);
  await Canaries.use(ctx, async (canaries) => {
    const [holder] = (await takeAll(ctx, canaries, nodes)) ?? [];
    if (holder !== undefined) await afterDeletion(ctx, canaries, holder);
  });
  const [node] = nodes;
  if (node !== undefined && restarts(ctx)) await afterRestart(ctx, node);
}

/** Only nodes of the embedded environment can be restarted; a control of the deletion skips that. */
function restarts({ settings }: CheckContext): boolean {
  return settings.embedded !== undefined && settings.restart !== false;
}

async function afterDeletion(ctx: CheckContext, canaries: Canaries, holder: string): Promise<void> {
  const lingersSeconds = lingersOf(ctx);
  const graceSeconds = lingersSeconds > 0 ? lingersSeconds : GRACE_S;
  if (await ctx.step('see whether it might displace another pod', () => mightDisplace(ctx, canaries, NEXT)))
    return;
  await ctx.step('start a pod that waits for a device', () => canaries.start([{ name: NEXT, devices: 1 }]));
  const before = await canaries.follow(NEXT, {
    timeoutMs: ctx.timeoutMs('unschedulable'),
    refusedForMs: 0,
  });
  const { state, node, detail, refusal } = before;
  ctx.record('gpu-waits', { pod: NEXT, state, node, detail: refusal?.message ?? detail });
  if (state !== 'refused') return;
  const askedMs = await ctx.step('delete a pod that holds a device', () =>
    canaries.end(holder, graceSeconds),
  );
  const after = await ctx.step('wait until the device is in use again', () =>
    canaries.follow(NEXT, { timeoutMs: ctx.timeoutMs('deviceBack'), refusedForMs: Infinity }),
  );
  recordBack(ctx, { what: 'deletion', node: after.node, sinceMs: askedMs, fate: after, tries: 1 });
}

async function afterRestart(ctx: CheckContext, { node }: PoolNode): Promise<void> {
  const { readyMs, detail } = await ctx.step(`restart ${node}`, () =>
    ctx.runner.call('node.restart', { check: ctx.id, node }),
  );
  if (readyMs === null) {
    ctx.unavailable(node, detail);
    return;
  }
  await Canaries.use(ctx, async (canaries) => {
    await ctx.step(`wait until ${node} gives a device to a pod again`, async () => {
      const { fate, tries } = await askAgain(ctx, canaries, node);
      recordBack(ctx, { what: 'restart', node, sinceMs: readyMs, fate, tries });
    });
  });
}

/**
 * A node that has just returned rejects pods that request devices until its plugin runs. A rejected pod stays failed: its controller would
 * start another, and so does this.
 */
async function askAgain(
  ctx: CheckContext,
  canaries: Canaries,
  node: string,
): Promise<{ fate: Fate; tries: number }> {
  const endMs = monotonicMs() + ctx.timeoutMs('deviceBack');
  for (let tries = 1; ; tries += 1) {
    const name = `gpu-again-${tries}`;
    await canaries.start([{ name, devices: 1, node }]);
    const timeoutMs = Math.max(0, endMs - monotonicMs());
    const fate = await canaries.follow(name, { timeoutMs, refusedForMs: Infinity });
    if (fate.state !== 'failed' || monotonicMs() > endMs) return { fate, tries };
    await canaries.drop(name);
  }
}

function recordBack(
  ctx: CheckContext,
  of: { what: 'deletion' | 'restart'; node: string | null; sinceMs: number; fate: Fate; tries: number },
): void {
  const { what, node, sinceMs, fate, tries } = of;
  ctx.record('gpu-back', {
    what,
    node,
    ready: fate.state === 'ready',
    sinceMs,
    seenMs: fate.atMs,
    detail: tries > 1 ? `${fate.detail}, at try ${tries}` : fate.detail,
  });
}
