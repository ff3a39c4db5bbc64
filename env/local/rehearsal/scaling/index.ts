/** prometheus-adapter: what Prometheus measures of pods, for autoscalers. The one of the application reads it beside CPU (bids/). */
import { join } from 'node:path';
import { bare, NONROOT, programs } from '../../images/recipes.ts';
import { SYSTEM } from '../../platform/context.ts';
import { part } from '../../platform/part.ts';
import { waitRollout } from '../../platform/rollout.ts';
import { aggregatedObjects, waitApi } from '../../platform/system/index.ts';

const ADAPTER = {
  name: 'prometheus-adapter',
  group: 'custom.metrics.k8s.io',
  file: join(import.meta.dirname, 'prometheus-adapter.yaml'),
} as const;

export const scaling = part({
  name: 'scaling',
  images: [
    {
      name: ADAPTER.name,
      tag: { module: 'sigs.k8s.io/prometheus-adapter' },
      layers: [bare, programs(ADAPTER.name)],
      run: { entrypoint: [ADAPTER.name], user: NONROOT, workdir: '/tmp' },
    },
  ],
  objects: (context, secrets) => aggregatedObjects(context, secrets, ADAPTER),
  wait: async (context) => {
    const workload = `deployment/${ADAPTER.name}`;
    await waitRollout(context, { namespace: SYSTEM, workload, deadlineMs: 120_000 }); // images may still have to be pulled
    await waitApi(context, ADAPTER.group);
  },
});
