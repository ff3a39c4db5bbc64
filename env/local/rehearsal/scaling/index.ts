/** prometheus-adapter: what Prometheus measures of pods, for autoscalers. The one of the application reads it beside CPU (bids/). */
import { join } from 'node:path';
import { bare, NONROOT, programs } from '../../images/recipes.ts';
import { part } from '../../platform/part.ts';
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
  works: (context) => waitApi(context, ADAPTER.group),
});
