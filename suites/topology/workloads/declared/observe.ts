import { recordLeases } from '../../_cluster/leases.ts';
import { listPods, podsOf, setting, settledWorkloads } from '../../_objects/declared.ts';
import { recordEvidence } from '../../_objects/evidence.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { recordOwners, recordWorkload, troubledPods } from './inventory.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const namespaces = await ctx.step('list the namespaces', () => ctx.cluster.items({ kind: 'v1/Namespace' }));
  const declared = new Set((setting(ctx, 'workloads') ?? []).map(({ namespace }) => namespace));
  for (const { metadata } of namespaces ?? [])
    if (declared.has(metadata.name)) ctx.record('namespace', { name: metadata.name });
  await ctx.step('look for signs of life of those that write what is ready', () => recordLeases(ctx));
  const found = await ctx.step('find the declared workloads', () => settledWorkloads(ctx));
  const pods = (await ctx.step('look at their pods', () => listPods(ctx))) ?? [];
  for (const one of found) recordWorkload(ctx, one, pods);
  const closed = setting(ctx, 'closed')?.namespaces ?? [];
  await ctx.step('look for undeclared workloads', () => recordOwners(ctx, { pods, namespaces: closed }));
  await recordEvidence(ctx, troubledPods(found.flatMap((one) => podsOf(one, pods))));
}
