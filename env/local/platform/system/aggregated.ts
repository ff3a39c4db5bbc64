/** What an API server behind the aggregation layer of Kubernetes needs, whatever it serves. */
import { APP_USER } from '../../images/debian/debian-recipes.ts';
import { SYSTEM } from '../context.ts';
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
  type Rule,
} from '../objects.ts';

const SECURE_PORT = 10250;

/** It signs its own certificate, where it may write, and takes from the cluster who asks and what they may. */
const SECURE_ARGS: readonly string[] = ['--cert-dir=/tmp', `--secure-port=${String(SECURE_PORT)}`];

/** A probe over HTTPS, of the port by the name `https`. */
function secureProbe(path: string, overrides: Readonly<Record<string, unknown>> = {}): unknown {
  const probe = httpProbe(path, 'https', overrides) as object;
  return { ...probe, httpGet: { path, port: 'https', scheme: 'HTTPS' } };
}

/** Its account, with the rights to ask the API server who somebody is and what they may, and its own. */
export function aggregatedAccount(name: string, own: readonly Rule[] = []): KubeObject[] {
  return [
    { ...serviceAccount(name, SYSTEM), automountServiceAccountToken: true },
    ...clusterRole(name, SYSTEM, [
      ...own,
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    ]),
    ...role(name, SYSTEM, [
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['extension-apiserver-authentication'],
        verbs: ['get', 'list', 'watch'],
      },
    ]),
  ];
}

/** Its Service, and the API that the cluster sends there. */
export function aggregatedApi(
  name: string,
  { group, version }: { group: string; version: string },
): KubeObject[] {
  return [
    service(name, SYSTEM, [{ name: 'https', port: 443, targetPort: 'https' }]),
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: metadata(`${version}.${group}`, undefined, name),
      spec: {
        ...{ group, version },
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name, namespace: SYSTEM },
      },
    },
  ];
}

export interface AggregatedServer {
  name: string;
  image: string;
  /** Beside where it listens. */
  args: readonly string[];
  memoryRequest: string;
}

/** Its Deployment: one pod, which may write to /tmp alone. */
export function aggregatedServer({ name, image, args, memoryRequest }: AggregatedServer): KubeObject {
  const container = {
    name,
    image,
    args: [...SECURE_ARGS, ...args],
    ports: [{ name: 'https', containerPort: SECURE_PORT }],
    readinessProbe: secureProbe('/readyz'),
    livenessProbe: secureProbe('/livez', { periodSeconds: 10 }),
    resources: resources({ cpuRequest: '20m', cpuLimit: '500m', memoryRequest, memoryLimit: '128Mi' }),
    securityContext: NO_RIGHTS,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(name, SYSTEM),
    spec: {
      replicas: 1,
      selector: { matchLabels: selector(name) },
      template: {
        metadata: { labels: labels(name) },
        spec: {
          serviceAccountName: name,
          securityContext: podSecurity(APP_USER),
          containers: [container],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '16Mi' } }],
        },
      },
    },
  };
}
