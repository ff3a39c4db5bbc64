import { clocked, diskPod, linesOn, removeLines, startLines } from '../../_following/lines.ts';
import { runName, settingsOf, visibleMsOf } from '../../_following/settings.ts';
import type { CheckContext } from '../../../harness/context.ts';
import type { ClockedPod } from '../../../harness/protocol.ts';
import { findWorkloads, listPods, podsOf, podsOnOwn } from '../../../topology/_objects/declared.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** Searches the log store for recent lines of every declared workload's pods. */
export async function observe(ctx: CheckContext): Promise<void> {
  const found = await ctx.step('find the pods of every declared workload', () => findWorkloads(ctx));
  const listed = await listPods(ctx);
  const nodes = await ctx.cluster.items({ kind: 'v1/Node' });
  if (listed === null || nodes === null) return;
  // No writer is on a node that is left out, so that its clock is not known.
  const pods = podsOnOwn(ctx, listed, nodes);
  const containers = found.flatMap((one) => {
    const own = podsOf(one, pods);
    const elsewhere = podsOf(one, listed).length - own.length;
    const all = own.flatMap((pod) => pod.spec.containers.map(({ name }) => diskPod(pod, name)));
    ctx.record('logging-workload', {
      workload: one.name,
      pods: own.length,
      containers: all.length,
      elsewhere,
    });
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
