import { isIP } from 'node:net';

/** What a name within a cluster stands for (Kubernetes documentation, "DNS for Services and Pods"). */
export interface ClusterName {
  service: string;
  namespace: string;
  /** The pod behind a headless Service, where the name has one. */
  pod?: string;
}

/**
 * Reads `service`, `service.namespace`, `service.namespace.svc…`, and each with a pod before it.
 * @param namespaces those that are known: without `svc` only they tell a name of the cluster from any other. The first is that of the asking
 * @returns null for an address, and for a name that is not of the cluster
 */
export function clusterName(host: string, namespaces: readonly string[]): ClusterName | null {
  if (isIP(host) !== 0 || host === 'localhost') return null;
  const labels = host.toLowerCase().split('.');
  const svc = labels.indexOf('svc', 2);
  if (svc !== -1) return named(labels.slice(0, svc));
  const [own] = namespaces;
  if (labels.length === 1 && own !== undefined) return named([...labels, own]);
  return namespaces.includes(labels.at(-1) ?? '') ? named(labels) : null;
}

/** `service.namespace`, or `pod.service.namespace`. */
function named(labels: readonly string[]): ClusterName | null {
  const [namespace = '', service = '', pod, ...others] = labels.toReversed();
  if (labels.length < 2 || others.length > 0) return null;
  return { service, namespace, ...(pod !== undefined && { pod }) };
}
