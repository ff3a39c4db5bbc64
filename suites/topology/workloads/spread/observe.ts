import { listPods, settledWorkloads } from '../../_objects/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { recordMembers, recordShared, recordSpread } from './placement.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const found = await ctx.step('find the declared workloads', () => settledWorkloads(ctx));
  const pods = (await ctx.step('see where their pods run', () => listPods(ctx))) ?? [];
  const kind = 'policy/v1/PodDisruptionBudget';
  const budgets = (await ctx.step('read the disruption budgets', () => ctx.cluster.items({ kind }))) ?? [];
  for (const one of found) recordSpread(ctx, one, { pods, budgets });
  recordShared(ctx, found, budgets);
  recordMembers(ctx, pods);
}
