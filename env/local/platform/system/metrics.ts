/** metrics-server: CPU and memory of pods and nodes, which the HPA reads. Arguments: its 0.9 documentation. */
import { imageOf } from '../../images/index.ts';
import type { PlatformContext } from '../context.ts';
import type { KubeObject } from '../objects.ts';
import { aggregatedAccount, aggregatedApi, aggregatedServer } from './aggregated.ts';

export const METRICS = 'metrics-server';

/** The server, its rights and the API that it serves. */
export function metricsObjects(context: PlatformContext): KubeObject[] {
  return [
    ...aggregatedAccount(METRICS, [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      {
        apiGroups: [''],
        resources: ['pods', 'nodes', 'namespaces', 'configmaps'],
        verbs: ['get', 'list', 'watch'],
      },
    ]),
    ...aggregatedApi(METRICS, { group: 'metrics.k8s.io', version: 'v1beta1' }),
    aggregatedServer({
      name: METRICS,
      image: imageOf(context.images, METRICS).pinned,
      args: [
        '--kubelet-preferred-address-types=InternalIP',
        '--kubelet-insecure-tls', // kubelets here sign their own serving certificates
        '--kubelet-request-timeout=5s', // must be shorter than the resolution
        '--metric-resolution=10s', // the shortest it takes; ready after two rounds, and the HPA looks every 15 s
      ],
      memoryRequest: '32Mi',
    }),
  ];
}
