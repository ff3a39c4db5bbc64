import { recordProbes } from '../../_objects/containers.ts';
import { findWorkloads } from '../../_objects/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { recordEndpoints } from './endpoints.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const found = await ctx.step('read the probes of every container', () => findWorkloads(ctx));
  const kind = 'v1/Service';
  const services = await ctx.step('see to which ports Services lead', () => ctx.cluster.items({ kind }));
  const leading = recordProbes(ctx, found, services);
  await ctx.step('see to which pods they lead', () => recordEndpoints(ctx, leading));
}
