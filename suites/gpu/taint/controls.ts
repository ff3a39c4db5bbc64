import { DEVICES, NODE, RESOURCE, offers } from '../_pool/breaking.ts';
import { controlsFor } from '../../harness/control.ts';

export const controls = controlsFor('gpu/taint', {
  soft: {
    size: 'full',
    title: 'the taint of the pool is only a preference (PreferNoSchedule)',
    seen: /it landed on gpu-1/,
    break: async (ctx) => {
      await offers(ctx, DEVICES);
      await ctx.patch(NODE, { spec: { taints: [{ key: RESOURCE, effect: 'PreferNoSchedule' }] } });
    },
  },
});
