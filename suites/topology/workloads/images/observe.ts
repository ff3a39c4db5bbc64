import { recordImages } from '../../_objects/containers.ts';
import { listPods, settledWorkloads } from '../../_objects/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const found = await ctx.step('read the image of every container', () => settledWorkloads(ctx));
  const pods = (await ctx.step('see whether the nodes could pull them', () => listPods(ctx))) ?? [];
  recordImages(ctx, found, pods);
}
