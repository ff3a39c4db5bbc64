import { DEVICES, NODE, RESOURCE, offers } from '../_pool/breaking.ts';
import type { Control } from '../../harness/control.ts';

export const controls: readonly Control[] = [
  {
    id: 'gpu/taint/soft',
    check: 'gpu/taint',
    verdict: 'fail',
    size: 'full',
    title: 'the taint of the pool is only a preference (PreferNoSchedule)',
    expectSeen: /it landed on gpu-1/,
    break: async (ctx) => {
      await offers(ctx, DEVICES);
      await ctx.patch(NODE, { spec: { taints: [{ key: RESOURCE, effect: 'PreferNoSchedule' }] } });
    },
  },
];
