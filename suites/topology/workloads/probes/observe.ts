import { recordProbes } from '../../_objects/containers.ts';
import { findWorkloads } from '../../_objects/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  recordProbes(ctx, await ctx.step('read the probes of every container', () => findWorkloads(ctx)));
}
