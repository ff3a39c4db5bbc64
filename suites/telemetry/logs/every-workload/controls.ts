import { stopShipper } from '../../_following/breaking.ts';
import type { Control } from '../../../harness/control.ts';

/** Patroni logs a line every 5 s: after this time its pods have unshipped lines that should have arrived. */
const UNSHIPPED_MS = 30_000;

const SOON = { visibleSeconds: 10 };

export const controls: readonly Control[] = [
  {
    id: 'telemetry/logs/every-workload/shipper-stopped',
    check: 'telemetry/logs/every-workload',
    verdict: 'fail',
    size: 'any',
    title: 'no shipper on the node of a pod that logs',
    expectSeen: /missing .*postgres-0 on node/,
    settings: { goals: SOON, settings: { everyWorkload: { waitMs: UNSHIPPED_MS } } },
    break: async (ctx) => {
      const pods = await ctx.list({ kind: 'v1/Pod', namespace: 'tender' });
      const pod = pods.find(({ metadata }) => metadata.name === 'postgres-0');
      const { nodeName } = pod?.spec ?? {};
      if (nodeName === undefined) throw new Error('Pod tender/postgres-0 is on no node');
      await stopShipper(ctx, nodeName);
    },
  },
];
