import { setting } from '../../_objects/declared.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { recordDurability } from './settings.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  for (const [store, { durability }] of Object.entries(setting(ctx, 'stores'))) {
    if (Object.keys(durability).length === 0) continue;
    await ctx.step(`ask ${store} for its settings`, () =>
      recordDurability(ctx, store, Object.keys(durability)),
    );
  }
}
