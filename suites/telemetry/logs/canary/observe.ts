import { clocked, linesMs, linesOn, removeLines, startLines, writerPods } from '../../_following/lines.ts';
import { runName, settingsOf } from '../../_following/settings.ts';
import { recordShippers } from '../../_following/shippers.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { whyNotSent } from '../../../harness/sending.ts';

/** Numbered lines from a pod on every node, followed into the store and counted on the disks. */
export async function observe(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  const { canary } = settingsOf(ctx).telemetry;
  const order = { run: runName(ctx), count: canary.lines, perSecond: canary.linesPerSecond };
  const writers = await linesOn(ctx, order);
  if (writers === null) return;
  const begunMs = Date.now();
  const { run, count } = order;
  const asked = { run, requests: 0, perSecond: 1, nodes: writers.nodes, lines: count, sinceMs: begunMs };
  const unfollowed = await whyNotSent(() =>
    ctx.runner.call('telemetry.start', { check, trial, follow: ['logs'], ...asked }),
  );
  if (unfollowed !== null) {
    ctx.unavailable('the store of logs', unfollowed);
    return;
  }
  try {
    const clocks = await ctx.step(
      `start a pod on each of ${writers.nodes.length} nodes that writes ${count} lines`,
      () => startLines(ctx, writers),
    );
    const sinceMs = Date.now();
    await ctx.step('follow what arrives in the store of logs', () =>
      ctx.runner.call('telemetry.finish', { check, lastMs: sinceMs + linesMs(order) }),
    );
    await ctx.step("count the lines on the nodes' disks", async () => {
      const pods = clocked(await writerPods(ctx), clocks);
      await ctx.runner.call('telemetry.disk', { check, trial, run, requests: 0, pods, sinceMs: begunMs });
    });
    await recordShippers(ctx);
  } finally {
    await ctx.runner.call('telemetry.stop', { check });
    await ctx.step('remove the pods', () => removeLines(ctx, writers));
  }
}
