/** What an API server behind the aggregation layer of Kubernetes needs, whatever it serves. */
import { SYSTEM } from '../context.ts';
import {
  clusterRole,
  httpProbe,
  metadata,
  role,
  service,
  serviceAccount,
  type KubeObject,
  type Rule,
} from '../objects.ts';

export const SECURE_PORT = 10250;

/** It signs its own certificate, where it may write, and takes from the cluster who asks and what they may. */
export const SECURE_ARGS: readonly string[] = ['--cert-dir=/tmp', `--secure-port=${String(SECURE_PORT)}`];

/** A probe over HTTPS, of the port by the name `https`. */
export function secureProbe(path: string, overrides: Readonly<Record<string, unknown>> = {}): unknown {
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
