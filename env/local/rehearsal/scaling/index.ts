/** prometheus-adapter for the autoscaler of the application, which reads a rate of its pods beside CPU (bids/). */
import { join } from 'node:path';
import { part } from '../../platform/part.ts';
import { ADAPTER_IMAGE, adapterObjects, waitApi } from '../../platform/system/index.ts';

const CUSTOM_METRICS = {
  group: 'custom.metrics.k8s.io',
  prometheus: 'http://metrics.watch.svc.cluster.local:9090',
  rules: join(import.meta.dirname, 'rules.yaml'),
} as const;

export const scaling = part({
  name: 'scaling',
  images: [ADAPTER_IMAGE],
  objects: (context, secrets) => adapterObjects(context, secrets, CUSTOM_METRICS),
  works: (context) => waitApi(context, CUSTOM_METRICS.group),
});
