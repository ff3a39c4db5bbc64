import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../harness/check.ts';
import { findWorkloads, listPods, podsOf } from '../topology/declared.ts';
import { diskPod, linesMs, linesOn, removeLines, startLines, writerPods } from './lines.ts';
import { runName, settingsOf } from './settings.ts';
import { recordShippers } from './shippers.ts';

/** Numbered lines from a pod on every node, followed into the store and counted on the disks. */
export async function observeLogs(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  const { canary } = settingsOf(ctx).telemetry;
  const order = { run: runName(ctx), count: canary.lines, perSecond: canary.linesPerSecond };
  const writers = await linesOn(ctx, order);
  if (writers === null) return;
  const begunMs = Date.now();
  try {
    const { run, count } = order;
    const asked = { run, requests: 0, perSecond: 1, nodes: writers.nodes, lines: count, sinceMs: begunMs };
    await ctx.runner.call('telemetry.start', { check, trial, follow: ['logs'], ...asked });
    await ctx.step(`start a pod on each of ${writers.nodes.length} nodes that writes ${count} lines`, () =>
      startLines(ctx, writers),
    );
    const sinceMs = Date.now();
    await ctx.step('follow what arrives in the store of logs', () =>
      ctx.runner.call('telemetry.finish', { check, lastMs: sinceMs + linesMs(order) }),
    );
    await ctx.step("count the lines on the nodes' disks", async () => {
      const pods = await writerPods(ctx);
      await ctx.runner.call('telemetry.disk', { check, trial, run, pods, sinceMs: begunMs });
    });
    await recordShippers(ctx);
  } finally {
    await ctx.runner.call('telemetry.stop', { check });
    await ctx.step('remove the pods', () => removeLines(ctx, writers));
  }
}

/** Pods of a workload that are looked at: each costs a read of its log and a search. */
const MOST_PODS = 5;

/** What the pods of every declared workload wrote lately, looked for in the store. */
export async function observeWorkloads(ctx: CheckContext): Promise<void> {
  const { id: check, trial } = ctx;
  const { canary } = settingsOf(ctx).telemetry;
  const visibleMs = Number(ctx.goals['visibleSeconds']) * 1000;
  const found = await ctx.step('find the pods of every declared workload', () => findWorkloads(ctx));
  const pods = await listPods(ctx);
  if (pods === null) return;
  const containers = found.flatMap((one) => {
    const own = podsOf(one, pods);
    ctx.record('workload', { name: one.name, pods: own.length });
    return own
      .slice(0, MOST_PODS)
      .flatMap((pod) =>
        pod.spec.containers.map(({ name }) => ({ ...diskPod(pod, name), workload: one.name })),
      );
  });
  const waitMs = settleMs(ctx);
  if (waitMs > 0)
    await ctx.step(`wait ${waitMs / 1000} s`, () => sleep(waitMs, undefined, { signal: ctx.signal }));
  const now = Date.now();
  const window = { sinceMs: now - canary.lookBackSeconds * 1000, untilMs: now - visibleMs };
  await ctx.step(`look in the store for the last lines of ${containers.length} containers`, () =>
    ctx.runner.call('telemetry.recent', { check, trial, pods: containers, ...window }),
  );
  await recordShippers(ctx);
}

/** Only controls set it: what they stop must have missed something. */
function settleMs(ctx: CheckContext): number {
  const { waitMs = 0 } = (ctx.settings['everyWorkload'] ?? {}) as { waitMs?: number };
  return waitMs;
}
