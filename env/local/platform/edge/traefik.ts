/** The ingress controller: two pods of Traefik behind a NodePort, and the Ingress that leads to the gateway. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { imageOf } from '../../images/index.ts';
import { EDGE, type PlatformContext } from '../context.ts';
import {
  clusterRole,
  disruptionBudget,
  httpProbe,
  labels,
  metadata,
  NO_RIGHTS,
  podSecurity,
  requiredSpread,
  resources,
  role,
  selector,
  service,
  serviceAccount,
  type KubeObject,
} from '../objects.ts';
import { GATEWAY, PROXY_PORT } from './gateway/index.ts';

export const TRAEFIK = 'traefik';
/** Where every node that runs Traefik listens; the load balancer's target. */
export const TRAEFIK_NODE_PORT = 30080;
const PORT = 8080;
const PODS = 2;
const CLASS = 'traefik';

const STATIC_CONFIGURATION = {
  global: { checkNewVersion: false, sendAnonymousUsage: false }, // both would leave the cluster
  entryPoints: { web: { address: `:${String(PORT)}`, forwardedHeaders: { insecure: true } } },
  ping: { entryPoint: 'web' },
  log: { level: 'INFO' },
  providers: {
    kubernetesIngress: { ingressClass: CLASS, namespaces: [EDGE], allowExternalNameServices: false },
    file: { filename: '/etc/traefik/dynamic.yaml', watch: false },
  },
};

/** The hop's mark on every request; the service at the end answers with the marks that it saw. */
const DYNAMIC_CONFIGURATION = {
  http: {
    middlewares: { mark: { headers: { customRequestHeaders: { 'X-Plumbline-Hop-Traefik': 'traefik' } } } },
  },
};

function container(image: string): unknown {
  return {
    name: TRAEFIK,
    image,
    args: ['--configfile=/etc/traefik/traefik.yaml'],
    ports: [{ name: 'web', containerPort: PORT }],
    readinessProbe: httpProbe('/ping', 'web', { failureThreshold: 2 }),
    livenessProbe: httpProbe('/ping', 'web', { periodSeconds: 5, timeoutSeconds: 2 }),
    lifecycle: { preStop: { sleep: { seconds: 3 } } },
    resources: resources({
      cpuRequest: '50m',
      cpuLimit: '500m',
      memoryRequest: '64Mi',
      memoryLimit: '256Mi',
    }),
    securityContext: NO_RIGHTS,
    volumeMounts: [{ name: 'config', mountPath: '/etc/traefik' }],
  };
}

function ingress(): KubeObject[] {
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: metadata(CLASS, undefined, TRAEFIK),
      spec: { controller: 'traefik.io/ingress-controller' },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        ...metadata('tender', EDGE, TRAEFIK),
        annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'mark@file' },
      },
      spec: {
        ingressClassName: CLASS,
        rules: [
          {
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: GATEWAY, port: { number: PROXY_PORT } } },
                },
              ],
            },
          },
        ],
      },
    },
  ];
}

/** Every object of the ingress controller. */
export function traefikObjects(context: PlatformContext): KubeObject[] {
  return [
    { ...serviceAccount(TRAEFIK, EDGE), automountServiceAccountToken: true },
    ...clusterRole(TRAEFIK, EDGE, [
      { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: ['get', 'list', 'watch'] },
    ]),
    ...role(TRAEFIK, EDGE, [
      { apiGroups: [''], resources: ['services', 'secrets'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
    ]),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(TRAEFIK, EDGE),
      data: {
        'traefik.yaml': JSON.stringify(STATIC_CONFIGURATION),
        'dynamic.yaml': JSON.stringify(DYNAMIC_CONFIGURATION),
      },
    },
    // Local: a node answers only for its own pod, so that the load balancer's check sees each pod and no dead node is hidden.
    service(TRAEFIK, EDGE, [{ name: 'web', port: 80, targetPort: 'web', nodePort: TRAEFIK_NODE_PORT }], {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      selector: selector(TRAEFIK),
    }),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(TRAEFIK, EDGE),
      spec: {
        replicas: PODS,
        selector: { matchLabels: selector(TRAEFIK) },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
        template: {
          metadata: { labels: labels(TRAEFIK) },
          spec: {
            serviceAccountName: TRAEFIK,
            terminationGracePeriodSeconds: 20,
            securityContext: podSecurity(APP_USER),
            affinity: requiredSpread(TRAEFIK),
            containers: [container(imageOf(context.images, TRAEFIK).pinned)],
            volumes: [{ name: 'config', configMap: { name: TRAEFIK } }],
          },
        },
      },
    },
    ...ingress(),
    disruptionBudget(TRAEFIK, EDGE, PODS - 1),
  ];
}
