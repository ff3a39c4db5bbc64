import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../harness/check.ts';
import type { ClockedPod } from '../harness/protocol.ts';
import { findWorkloads, listPods, podsOf } from '../topology/declared.ts';
import { clocked, diskPod, linesMs, linesOn, removeLines, startLines, writerPods } from './lines.ts';
import { runName, settingsOf, visibleMsOf } from './settings.ts';
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
      await ctx.runner.call('telemetry.disk', { check, trial, run, pods, sinceMs: begunMs });
    });
    await recordShippers(ctx);
  } finally {
    await ctx.runner.call('telemetry.stop', { check });
    await ctx.step('remove the pods', () => removeLines(ctx, writers));
  }
}

/** What the pods of every declared workload wrote lately, looked for in the store. */
export async function observeWorkloads(ctx: CheckContext): Promise<void> {
  const found = await ctx.step('find the pods of every declared workload', () => findWorkloads(ctx));
  const pods = await listPods(ctx);
  if (pods === null) return;
  const containers = found.flatMap((one) => {
    const own = podsOf(one, pods);
    const all = own.flatMap((pod) => pod.spec.containers.map(({ name }) => diskPod(pod, name)));
    ctx.record('logging-workload', { workload: one.name, pods: own.length, containers: all.length });
    return all.map((pod) => ({ ...pod, workload: one.name }));
  });
  const waitMs = ctx.settings.everyWorkload?.waitMs ?? 0;
  if (waitMs > 0)
    await ctx.step(`wait ${waitMs / 1000} s`, () => sleep(waitMs, undefined, { signal: ctx.signal }));
  const writers = await linesOn(ctx, { run: runName(ctx), count: 0, perSecond: 1 });
  if (writers === null) return;
  try {
    const clocks = await ctx.step(`start a pod on each of ${writers.nodes.length} nodes, for its clock`, () =>
      startLines(ctx, writers),
    );
    await lookForRecent(ctx, clocked(containers, clocks));
  } finally {
    await ctx.step('remove the pods', () => removeLines(ctx, writers));
  }
}

async function lookForRecent(ctx: CheckContext, pods: (ClockedPod & { workload: string })[]): Promise<void> {
  const { id: check, trial } = ctx;
  const { lookBackSeconds } = settingsOf(ctx).telemetry.canary;
  const now = Date.now();
  const window = { sinceMs: now - lookBackSeconds * 1000, untilMs: now - visibleMsOf(ctx) };
  await ctx.step(`look in the store for the last lines of ${pods.length} containers`, () =>
    ctx.runner.call('telemetry.recent', { check, trial, pods, ...window }),
  );
}
