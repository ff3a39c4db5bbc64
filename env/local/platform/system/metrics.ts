/** metrics-server: CPU and memory of pods and nodes, which the HPA reads. Arguments: its 0.9 documentation. */
import { imageOf } from '../../images/index.ts';
import { APP_USER } from '../../images/debian-recipes.ts';
import { SYSTEM, type PlatformContext } from '../context.ts';
import {
  labels,
  metadata,
  NO_RIGHTS,
  podSecurity,
  resources,
  selector,
  type KubeObject,
} from '../objects.ts';
import { aggregatedAccount, aggregatedApi, SECURE_ARGS, SECURE_PORT, secureProbe } from './aggregated.ts';

export const METRICS = 'metrics-server';

function container(image: string): unknown {
  return {
    name: METRICS,
    image,
    args: [
      ...SECURE_ARGS,
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-insecure-tls', // kubelets here sign their own serving certificates
      '--kubelet-request-timeout=5s', // must be shorter than the resolution
      '--metric-resolution=10s', // the shortest it takes; ready after two rounds, and the HPA looks every 15 s
    ],
    ports: [{ name: 'https', containerPort: SECURE_PORT }],
    readinessProbe: secureProbe('/readyz'),
    livenessProbe: secureProbe('/livez', { periodSeconds: 10 }),
    resources: resources({
      cpuRequest: '20m',
      cpuLimit: '500m',
      memoryRequest: '32Mi',
      memoryLimit: '128Mi',
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
}

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
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(METRICS, SYSTEM),
      spec: {
        replicas: 1,
        selector: { matchLabels: selector(METRICS) },
        template: {
          metadata: { labels: labels(METRICS) },
          spec: {
            serviceAccountName: METRICS,
            securityContext: podSecurity(APP_USER),
            containers: [container(imageOf(context.images, METRICS).pinned)],
            volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '16Mi' } }],
          },
        },
      },
    },
  ];
}
