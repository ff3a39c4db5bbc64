import { recordResources } from '../../_objects/containers.ts';
import { findWorkloads } from '../../_objects/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const found = await ctx.step('read the requests and limits of every container', () => findWorkloads(ctx));
  recordResources(ctx, found);
}
