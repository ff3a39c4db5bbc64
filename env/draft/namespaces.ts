/** Which namespaces of a cluster belong to the platform. */
import { CommandError, EXIT } from '../../host/errors.ts';
import { matchesAny } from '../globs.ts';

/**
 * Namespaces of a cluster itself, and of what gives it its network, its volumes and its devices: names that Kubernetes, distributions and these
 * projects give in their documentation. Those of Plumbline are among them.
 */
const OF_CLUSTER = [
  'kube-*',
  'calico-*',
  'tigera-operator',
  'cilium*',
  'metallb-system',
  'openshift*',
  'gatekeeper-system',
  'gke-*',
  'gmp-*',
  'config-management-*',
  'aks-*',
  'azure-*',
  'amazon-*',
  'cattle-*',
  'fleet-*',
  'karpenter',
  'local-path-storage',
  'rook-ceph',
  'longhorn-system',
  'openebs',
  'gpu-operator',
  'nvidia-*',
  'node-feature-discovery',
  'plumbline-*',
];

/**
 * @param used namespaces in which something runs
 * @param asked those that were named; none: all that are used, but those of the cluster itself
 * @throws CommandError (64) for one that is not there
 */
export function platformNamespaces(
  { all, used }: { all: readonly string[]; used: ReadonlySet<string> },
  asked: readonly string[],
): string[] {
  const missing = all.length === 0 ? [] : asked.filter((name) => !all.includes(name));
  if (missing.length > 0)
    throw new CommandError(
      `the cluster has no namespace ${missing.join(', ')}; it has: ${all.toSorted().join(', ')}`,
      EXIT.usage,
    );
  if (asked.length > 0) return [...asked];
  return [...used].filter((name) => !matchesAny(OF_CLUSTER, name)).sort();
}
