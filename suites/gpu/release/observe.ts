import { monoMs } from '../../../host/clock.ts';
import { recordBack, takePool } from '../_pool/all-taken.ts';
import { Canaries } from '../_pool/canaries.ts';
import type { Fate } from '../_pool/canaries.ts';
import { recordNodes } from '../_pool/pool.ts';
import type { CheckContext } from '../../harness/context.ts';

/**
 * `gpu/release`: how long a device that is given back is not in use. In the embedded environment a node of the pool is restarted after that, and the
 * time counts from its first heartbeat.
 */
export async function observe(ctx: CheckContext): Promise<void> {
  await takePool(ctx);
  if (!restarts(ctx)) return;
  const [node] = (await recordNodes(ctx)) ?? [];
  if (node !== undefined) await afterRestart(ctx, node.metadata.name);
}

/** Only nodes of the embedded environment can be restarted; a control of the deletion skips that. */
function restarts({ settings }: CheckContext): boolean {
  return settings.embedded !== undefined && settings.restart !== false;
}

async function afterRestart(ctx: CheckContext, node: string): Promise<void> {
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
  const endMs = monoMs() + ctx.timeoutMs('deviceBack');
  for (let tries = 1; ; tries += 1) {
    const name = `gpu-again-${tries}`;
    await canaries.start([{ name, devices: 1, node }]);
    const timeoutMs = Math.max(0, endMs - monoMs());
    const fate = await canaries.follow(name, { timeoutMs, refusedForMs: Infinity });
    if (fate.state !== 'failed' || monoMs() > endMs) return { fate, tries };
    await canaries.drop(name);
  }
}
