/** metrics-server: CPU and memory of pods and nodes, which the HPA reads. Arguments: its 0.9 documentation. */
import { imageOf } from '../../images/index.ts';
import { APP_USER } from '../../images/debian-recipes.ts';
import { SYSTEM, type PlatformContext } from '../context.ts';
import {
  clusterRole,
  httpProbe,
  labels,
  metadata,
  NO_RIGHTS,
  podSecurity,
  resources,
  role,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';

export const METRICS = 'metrics-server';
const PORT = 10250;

function container(image: string): unknown {
  const probe = { scheme: 'HTTPS' };
  const probeOf = (path: string): unknown => ({
    ...(httpProbe(path, 'https') as object),
    httpGet: { path, port: 'https', ...probe },
  });
  return {
    name: METRICS,
    image,
    args: [
      '--cert-dir=/tmp',
      `--secure-port=${String(PORT)}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-insecure-tls', // kubelets here sign their own serving certificates
      '--kubelet-request-timeout=5s', // must be shorter than the resolution
      '--metric-resolution=10s', // the shortest it takes; ready after two rounds, and the HPA looks every 15 s
    ],
    ports: [{ name: 'https', containerPort: PORT }],
    readinessProbe: probeOf('/readyz'),
    livenessProbe: { ...(probeOf('/livez') as object), periodSeconds: 10 },
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
    { ...serviceAccount(METRICS, SYSTEM), automountServiceAccountToken: true },
    ...clusterRole(METRICS, SYSTEM, [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      {
        apiGroups: [''],
        resources: ['pods', 'nodes', 'namespaces', 'configmaps'],
        verbs: ['get', 'list', 'watch'],
      },
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    ]),
    ...role(METRICS, SYSTEM, [
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['extension-apiserver-authentication'],
        verbs: ['get', 'list', 'watch'],
      },
    ]),
    service(METRICS, SYSTEM, [{ name: 'https', port: 443, targetPort: 'https' }]),
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
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: metadata('v1beta1.metrics.k8s.io', undefined, METRICS),
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name: METRICS, namespace: SYSTEM },
      },
    },
  ];
}
